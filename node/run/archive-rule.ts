/** Which results of other peers this one takes in: from whom, `allow.archive` of config.toml, and whose. Pure. */
import type { AllowSettings } from '../../protocols/config-file.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { isController, type Roles } from '../mesh/permissions.ts'

/** @param named gives the live peers that call themselves by a name: one of two peers identifies neither */
export function refusalOfArchive(
  rule: NonNullable<AllowSettings['archive']>,
  peer: string,
  named: (name: string) => string[]
): string | undefined {
  if (rule === true) return undefined
  const listed = rule === false ? [] : rule
  const names = listed.filter(each => each === peer || named(each).includes(peer))
  if (names.some(each => each === peer || named(each).length === 1)) return undefined
  return names.length === 0 ? `does not name ${peer}` : `names ${names[0]}, as several peers call themselves`
}

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
