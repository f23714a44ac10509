/** Checks whether a record that another peer sent is the true record of the run. */
import { custodyOf, holdersOf } from '../../protocols/custody.ts'
import { BakError } from '../../protocols/errors.ts'
import { checkSeal, type RunRecord, readRecord } from '../../protocols/record.ts'
import { checkPermission, isController, type Roles } from '../mesh/permissions.ts'

interface Shown {
  run: string
  /** The peer that sent it. */
  holder: string
  /** The controller, if it is known from the commands of the run. */
  controller?: string
}

/**
 * The controller may send its own record; any other peer must send it with the controller's seal, or with that of a controller to whom
 * it was handed over. If the controller is not
 * known from commands, an agent is not trusted to name it.
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
  if (holder !== by && !isTrusted(checkSeal(text), roles)) throw new BakError('damaged', `${by} has not sealed it`)
  if (controller == null && !isController(roles.roleOf(holder))) checkPermission(roles, by, 'drive')
}

function isTrusted(record: RunRecord, roles: Roles): boolean {
  const { seal, run, controller } = record
  if (seal == null || seal.by === controller.peer) return seal != null
  return holdersOf(run, controller.peer, custodyOf(record)).includes(seal.by) && isController(roles.roleOf(seal.by))
}
