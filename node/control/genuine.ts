/** Whether the record of a run that another peer shows is the run's own. */
import { BakError } from '../../protocols/errors.ts'
import { checkSeal, readRecord } from '../../protocols/record.ts'
import { checkPermission, isController, type Roles } from '../mesh/permissions.ts'

export interface Shown {
  run: string
  /** The peer that shows it. */
  holder: string
  /** Who drives the run, where that is known from its commands. */
  controller?: string
}

/**
 * The run's controller shows its own; anyone else must show it with that one's seal. Where nothing else is known of the run,
 * an agent's word is not enough for who drove it.
 *
 * @param text `run.json`
 * @throws {BakError} `damaged`, `not-the-controller` or `not-allowed`
 */
export function checkGenuine(text: string, { run, holder, controller }: Shown, roles: Roles): void {
  const record = readRecord(text)
  const by = record.controller.peer
  if (record.run !== run) throw new BakError('damaged', `it is the record of run ${record.run}`)
  if (controller != null && by !== controller)
    throw new BakError('not-the-controller', `${controller} drives this run, not ${by}`)
  if (holder !== by && checkSeal(text).seal?.by !== by) throw new BakError('damaged', `${by} has not sealed it`)
  if (controller == null && !isController(roles.roleOf(holder))) checkPermission(roles, by, 'drive')
}
