/** Checks what a person asked for before a run of it begins, or is planned; names and orders the runs of this peer. */
import { randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Caller } from '../../protocols/control/runs.ts'
import type { MemberView } from '../../protocols/control.ts'
import { BakError } from '../../protocols/errors.ts'
import type { Spec } from '../../protocols/spec.ts'
import { whyNotStartable } from '../tools/find-program.ts'
import { hasTasks } from '../work/tasks/loaders.ts'
import { attendanceOfRun, isComplete } from './attendance.ts'
import { withTriggers } from './registered-triggers.ts'
import { checkTools, whyNotPlaced } from './roster.ts'
import { parseSelector } from './selector.ts'

/**
 * @returns the spec with the triggers that are registered for its groups
 * @throws {BakError} `usage` for a selector that means nothing, for a tool that nobody knows and as `withTriggers` does; `bad-run-file` for options
 * without a tool
 */
export function specIn(asked: Spec, members: MemberView[]): Spec {
  const spec = withTriggers(asked, members)
  parseSelector(spec.on)
  for (const group of spec.groups) parseSelector(group.on)
  for (const { override = [] } of Object.values(spec.tool))
    for (const { on } of override) if (on != null) parseSelector(on)
  checkWorkloads(spec, members)
  checkTools(spec, members)
  return spec
}

/**
 * A run that waits for members may get those whom its workloads and tasks need.
 * @throws {BakError} `usage` for a selector that means nothing; for workloads and tasks that cannot be placed on those who are here, if nobody is waited for
 */
function checkWorkloads(spec: Spec, members: MemberView[]): void {
  for (const on of [...spec.workload.map(each => each.on), spec.load?.on]) if (on != null) parseSelector(on)
  const attendance = attendanceOfRun(spec, members)
  if ((spec.workload.length === 0 && !hasTasks(spec)) || !isComplete(attendance, spec.expect)) return
  const why = whyNotPlaced(spec, attendance.here)
  if (why != null) throw new BakError('usage', why)
}

/** @throws {BakError} `workload-failed` for a program that is not there: nobody is asked to join for it */
export async function checkProgram({ command }: Spec, { directory, env }: Caller): Promise<void> {
  if (command == null || typeof command === 'string') return
  const why = await whyNotStartable(command[0] as string, directory, env.PATH)
  if (why != null) throw new BakError('workload-failed', why)
}

/** @throws {BakError} `busy` if the key names a run of another spec */
export function checkSameSpec(key: string, run: string, asked: Spec, known: Spec): void {
  const differing = Object.keys({ ...known, ...asked }).filter(
    name =>
      // one that nobody named was chosen here, and triggers that are registered were added
      !(name === 'seed' && asked.seed == null) &&
      !(name === 'triggers' && Object.keys(asked.triggers).length === 0) &&
      !isDeepStrictEqual(asJson(asked[name as keyof Spec]), asJson(known[name as keyof Spec]))
  )
  if (differing.length === 0) return
  const remedy = `take another key, or see bak show ${run}`
  throw new BakError('busy', `key ${key} names run ${run}, which differs in ${differing.sort().join(', ')}: ${remedy}`)
}

/** A random order can be repeated: the record has its seed, whoever chose it. */
export const withSeed = (spec: Spec): Spec =>
  spec.order === 'random' && spec.seed == null ? { ...spec, seed: randomBytes(4).readUInt32BE() } : spec

/** As a record has it: without the keys that are undefined. */
const asJson = (value: unknown) => JSON.parse(JSON.stringify(value ?? null))

/** @returns a time after that of the run begun last, though the clock was set back or both begin in one millisecond */
export const begunAfter = (last: number, now: number) => Math.max(now, last + 1)

/** `20261122T213015-k3f9ab` */
export function newRunId(): string {
  const time = new Date().toISOString().slice(0, 19).replace(/[-:]/g, '')
  const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'
  return `${time}-${[...randomBytes(6)].map(byte => letters[byte % letters.length]).join('')}`
}
