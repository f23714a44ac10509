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

/** The keys of a run file that flags give, without those that are merged one by one. */
function layerOf(flags: SpecFlags): { spec: object; policy: object } {
  const { on, expect, interval, sysinfo, name, ends, iteration: iterations, moveTo: move_to } = flags
  const {
    results,
    order = flags.interleave ? ('interleave' as const) : undefined,
    seed,
    warmup,
    maxSampleFailures: max_sample_failures,
    maxStddev: max_stddev
  } = flags
  const samples = flags.samples === 'raw' ? undefined : flags.samples
  const sampling = { samples, order, seed, warmup, max_sample_failures, max_stddev }
  const { strict, quorum, timeout, lease, preflight, onMissingTool, onFailedTool, joinTimeout, phaseTimeout } = flags
  const policy = {
    ...{ strict, quorum, timeout, lease, preflight, on_missing_tool: onMissingTool, on_failed_tool: onFailedTool },
    ...{ on_failed_workload: flags.onFailedWorkload, on_lost: flags.onLost },
    ...{ join_timeout: joinTimeout, phase_timeout: phaseTimeout }
  }
  return {
    spec: given({ ...sampling, results, on, expect, interval, sysinfo, name, ends, iterations, move_to }),
    policy: { ...flags.policy, ...given(policy) }
  }
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
