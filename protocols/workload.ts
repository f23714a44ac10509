/**
 * `[[workload]]` of a run file: a program that members run in the phase `work`. Servers start first, on all members, and are ready before
 * a client starts; clients are waited for; servers are stopped after them.
 */
import * as v from 'valibot'
import { count, list, name } from './fields.ts'
import { table } from './free-keys.ts'
import { argument, commandLine, pattern, seconds, selector, share } from './spec-fields.ts'
import { MAX_STAGE_PATHS, stagePath } from './staged.ts'
import { type Results, results } from './workload-results.ts'

/** Of one workload on one member. */
export const MAX_INSTANCES = 64
/** Of all workloads on one member: their results are one acknowledgement. */
export const MAX_INSTANCES_OF_MEMBER = 128

export const variable = v.pipe(
  v.string(),
  v.maxLength(128),
  v.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a variable has letters, digits and _ only, and starts with none of the digits'),
  v.check(name => !name.startsWith('BAK_'), 'variables that begin with BAK_ are set by bak')
)
export const environment = v.pipe(
  table(
    variable,
    v.pipe(
      argument,
      v.check(value => !value.includes('\0'), 'a variable has no NUL')
    )
  ),
  v.check(entries => Object.keys(entries).length <= 256, 'more than 256 variables')
)
/** When a server is ready: one of the first four. */
const ready = v.strictObject({
  /** It accepts connections on this machine at this TCP port. */
  port: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))),
  /** A line of its stdout or stderr fits this regular expression. */
  line: v.optional(pattern),
  /** This command ends with status 0; it is repeated until then. */
  command: v.optional(commandLine),
  /** It has run for so many seconds. */
  after: v.optional(seconds),
  /** Seconds after which it has failed to be ready; by default those of policy.phase_timeout. */
  timeout: v.optional(v.pipe(seconds, v.minValue(0.1)))
})
export type Ready = v.InferOutput<typeof ready>

export const workload = v.strictObject({
  /** Of its folders, and for those who look for it. */
  name,
  role: v.optional(v.picklist(['server', 'client']), 'client'),
  /** Which members of the run it runs on; all of them by default. */
  on: v.optional(selector),
  /** The same as `on`, by the name of one of the groups of the run. */
  group: v.optional(name),
  /** Of those members the first by rank: so many, or such a percentage of them. */
  count: v.optional(share),
  command: commandLine,
  /** Where the numbers of its benchmark are; of a client by default as those of the run. */
  results: v.optional(results),
  /** How many of it run on each of its members at once. */
  instances: v.optional(v.pipe(count, v.minValue(1), v.maxValue(MAX_INSTANCES)), 1),
  /** Variables beside those that bak sets. */
  env: v.optional(environment, {}),
  /** The folder that it runs in, an absolute path of its member; by default a fresh one. */
  directory: v.optional(v.pipe(argument, v.startsWith('/', 'a directory is an absolute path'), v.maxLength(4096))),
  /** Files and folders that only this workload has in its working folder. */
  stage: v.optional(list(stagePath, MAX_STAGE_PATHS), []),
  /** Seconds after which it is killed; of a client by default those of policy.timeout. */
  timeout: v.optional(v.pipe(seconds, v.minValue(0.1))),
  /** The signal that stops it. */
  stop_signal: v.optional(v.picklist(['TERM', 'INT', 'QUIT', 'HUP', 'USR1', 'USR2', 'KILL']), 'TERM'),
  /** When a server is ready; by default when it has been started. */
  ready: v.optional(ready)
})
export type Workload = v.InferOutput<typeof workload>

/** What a member is to run of one workload: its instances have the ranks from `rank` on among all of the workload. */
export const placement = v.object({
  name,
  instances: v.pipe(count, v.minValue(1), v.maxValue(MAX_INSTANCES)),
  rank: count
})
export type Placement = v.InferOutput<typeof placement>

type Named = Pick<Workload, 'name' | 'instances'>

/** @returns `client`, or `client.2` where several run on a member: the name of its folder, and for people */
export const labelOf = ({ name, instances }: Named, instance: number): string =>
  instances === 1 ? name : `${name}.${instance}`

/** @returns seconds after which a client is killed, or a server; 0 is never */
export const timeoutOf = ({ timeout, role }: Pick<Workload, 'timeout' | 'role'>, policy: { timeout: number }): number =>
  timeout ?? (role === 'client' ? policy.timeout : 0)

/** @returns where the numbers of its benchmark are; undefined to find them by their look, which is not done for servers */
export const resultsOf = (
  { results: own, role }: Pick<Workload, 'results' | 'role'>,
  { results: usual }: { results?: Results }
): Results | undefined => own ?? (role === 'client' ? usual : 'none')

/** @returns seconds for which it is waited until a server is ready */
export const readyTimeoutOf = ({ ready }: Pick<Workload, 'ready'>, policy: { phase_timeout: number }): number =>
  ready?.timeout ?? policy.phase_timeout
