/** The spec that `bak run` asks for, from a run file and flags. */
import { BakError } from '../protocols/errors.ts'
import type { ParamSet, Params } from '../protocols/matrix/params.ts'
import { checkSpec, type RunFile } from '../protocols/run-file.ts'
import type { Spec } from '../protocols/spec.ts'
import { jobsWith } from './jobs/job-flags.ts'
import { loadOfFlags } from './load-flags.ts'
import type { SpecFlags } from './spec-flags.ts'

/**
 * Flags win over the file, and the file over the settings of `[cli.run]`; those of policy, tags and tools one by one.
 * @param command the words after `--`
 * @param settings the flags that config.toml sets
 * @returns the spec with every default filled in
 * @throws {BakError} `usage` with a line for every mistake
 */
export function effectiveSpec(file: RunFile, flags: SpecFlags, command?: string[], settings: SpecFlags = {}): Spec {
  const [low, high] = [layerOf(settings), layerOf(flags)]
  const hasGroups = (file.groups ?? []).some(({ tools = [] }) => tools.length > 0)
  const saysTools = file.tools != null || hasGroups || file.group != null
  const group = flags.group ?? file.group ?? (saysTools ? undefined : settings.group)
  const tools = toolsOf(
    flags.tools ?? file.tools ?? (saysTools ? undefined : settings.tools),
    [...(saysTools ? [] : Object.keys(ownToolsOf(settings))), ...Object.keys(ownToolsOf(flags))],
    hasGroups || group != null
  )
  return checkSpec({
    ...low.spec,
    ...file,
    ...high.spec,
    ...given({
      ...{ ...workOf(file, command, flags.workload), tools, group, load: loadIn(file, flags, settings) },
      jobs: jobsWith(file.jobs, flags, settings, (file.job ?? []).length > 0)
    }),
    stage: [...(file.stage ?? []), ...(flags.stage ?? settings.stage ?? [])],
    params: paramsOf(file.params, { ...(file.params == null ? settings.param : {}), ...flags.param }),
    tool: { ...(saysTools ? {} : ownToolsOf(settings)), ...file.tool, ...ownToolsOf(flags) },
    tags: { ...settings.tag, ...file.tags, ...flags.tag },
    policy: { ...low.policy, ...file.policy, ...high.policy }
  } as RunFile)
}

/** A setting is for the runs that have tasks; a flag asks for them. */
function loadIn(file: RunFile, flags: SpecFlags, settings: SpecFlags): RunFile['load'] {
  const low = (file.task ?? []).length > 0 ? loadOfFlags(settings) : undefined
  const high = loadOfFlags(flags)
  return low == null && high == null ? file.load : { ...low, ...file.load, ...high }
}

/** The words after `--`: a command of this machine, or with `--workload` a client on every member. */
function workOf(file: RunFile, command: string[] | undefined, isWorkload = false): object {
  if (!isWorkload) return { command }
  if (command == null) throw new BakError('usage', '--workload is for a command that follows: --workload -- COMMAND')
  if ((file.workload ?? []).length > 0)
    throw new BakError('usage', '--workload: the run file has workloads already; leave the flag out, or the file')
  return { workload: [{ name: 'client', command }] }
}

const OF_SPEC = [
  ...(['on', 'expect', 'interval', 'sysinfo', 'name', 'ends', 'moveTo', 'results', 'seed', 'warmup'] as const),
  ...(['maxSampleFailures', 'maxStddev'] as const)
]
const OF_POLICY = [
  ...(['strict', 'quorum', 'timeout', 'lease', 'preflight', 'joinTimeout', 'phaseTimeout'] as const),
  ...(['onMissingTool', 'onFailedTool', 'onFailedWorkload', 'onLost'] as const)
]

/** The keys of a run file that flags give, without those that are merged one by one. */
function layerOf(flags: SpecFlags): { spec: object; policy: object } {
  const { iteration: iterations, samples, order = flags.interleave ? 'interleave' : undefined } = flags
  const more = { iterations, order, samples: samples === 'raw' ? undefined : samples }
  return {
    spec: { ...keysOf(flags, OF_SPEC), ...given(more) },
    policy: { ...flags.policy, ...keysOf(flags, OF_POLICY) }
  }
}

/** @returns those that are given, named as in a run file: `max_stddev` for `maxStddev` */
function keysOf(flags: SpecFlags, names: ReadonlyArray<keyof SpecFlags>): object {
  const named = names.map(name => [name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`), flags[name]])
  return given(Object.fromEntries(named))
}

/** A parameter of the command line has the place of that of the file, in each of its sets. */
function paramsOf(file: Params | undefined, flags: ParamSet): Params | undefined {
  if (Object.keys(flags).length === 0) return file
  if (file == null) return flags
  return Array.isArray(file) ? file.map(set => ({ ...set, ...flags })) : { ...file, ...flags }
}

const ownToolsOf = ({ tool, toolFile }: SpecFlags) => ({ ...toolFile, ...tool })

/** The tools of `--tool` and `--tool-file` run beside those of `--tools` or the file, else beside proc. */
function toolsOf(named: string[] | undefined, own: string[], hasGroups: boolean): string[] | undefined {
  if (own.length === 0) return named
  const others = named ?? (hasGroups ? [] : ['proc'])
  return [...new Set([...others, ...own])]
}

const given = (options: object) =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
