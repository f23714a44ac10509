/** How many runs a peer takes part in at once. */
import { BakError } from '../../protocols/errors.ts'

/** Runs of one controller on this peer: as many as it may drive at once. */
const MAX_RUNS_OF_CONTROLLER = 32
const MAX_RUNS = 128

/**
 * @param open controller of each run that this peer takes part in or is joining
 * @throws {BakError} `busy` if one more run of this controller is too much
 */
export function checkRunLimits(open: string[], controller: string): void {
  const ofController = open.filter(each => each === controller).length
  if (ofController >= MAX_RUNS_OF_CONTROLLER) {
    throw new BakError('busy', `this peer takes part in ${ofController} runs of ${controller} already`)
  }
  if (open.length >= MAX_RUNS) throw new BakError('busy', `this peer takes part in ${open.length} runs already`)
}
