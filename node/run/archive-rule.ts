/** Which results of other peers this one takes in: whose. From whom is a rule of its owner, `allow.archive`. Pure. */
import type { RunRecord } from '../../protocols/record.ts'
import { isController, type Roles } from '../mesh/permissions.ts'

interface Moved {
  run: string
  /** Who moves it here. */
  peer: string
  /** Who drives the run, where this peer heard of it. */
  controller?: string
}

/** @returns why the result is not the one that it is said to be, or by nobody of this mesh */
export function refusalOfResult(
  { run: actual, seal, controller }: Pick<RunRecord, 'run' | 'seal' | 'controller'>,
  { run, peer, controller: heard }: Moved,
  roles: Roles
): string | undefined {
  if (actual !== run) return `it is the result of ${actual}`
  if (heard != null && heard !== controller.peer) return `${heard} drives this run, not ${controller.peer}`
  if (seal == null || seal.by === peer || isController(roles.roleOf(seal.by))) return undefined
  return `${seal.by} sealed it, who neither moves it here nor is a controller of this mesh`
}
