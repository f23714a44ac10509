import { BakError } from '../../protocols/errors.ts'

/** Runs that one controller may have on this peer at once, as many as it may drive; and those of all controllers. */
const MAX_OF_CONTROLLER = 32
const MAX_RUNS = 128

/**
 * @param open who drives each run that this peer is in, or about to be in
 * @throws {BakError} `busy` if there is no room for one more of this controller
 */
export function checkRunLimits(open: string[], controller: string): void {
  const ofOne = open.filter(each => each === controller).length
  if (ofOne >= MAX_OF_CONTROLLER) throw new BakError('busy', `${controller} has ${ofOne} runs here already`)
  if (open.length >= MAX_RUNS) throw new BakError('busy', `this peer is in ${open.length} runs already`)
}
