/** The spec that `bak run` asks for, from a run file and flags. */
import { checkSpec, type RunFile } from '../protocols/run-file.ts'
import type { Spec } from '../protocols/spec.ts'
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
  const saysTools = file.tools != null || file.groups != null || file.group != null
  const group = flags.group ?? file.group ?? (saysTools ? undefined : settings.group)
  const tools = toolsOf(
    flags.tools ?? file.tools ?? (saysTools ? undefined : settings.tools),
    [...(saysTools ? [] : Object.keys(settings.tool ?? {})), ...Object.keys(flags.tool ?? {})],
    (file.groups ?? []).length > 0 || group != null
  )
  return checkSpec({
    ...low.spec,
    ...file,
    ...high.spec,
    ...given({ command, tools, group }),
    stage: [...(file.stage ?? []), ...(flags.stage ?? settings.stage ?? [])],
    tool: { ...(saysTools ? {} : settings.tool), ...file.tool, ...flags.tool },
    tags: { ...settings.tag, ...file.tags, ...flags.tag },
    policy: { ...low.policy, ...file.policy, ...high.policy }
  } as RunFile)
}

/** The keys of a run file that flags give, without those that are merged one by one. */
function layerOf(flags: SpecFlags): { spec: object; policy: object } {
  const { on, expect, samples, interval, sysinfo, name, iteration: iterations } = flags
  const { strict, quorum, timeout, lease, preflight, onMissingTool, onFailedTool, joinTimeout, phaseTimeout } = flags
  const policy = {
    ...{ strict, quorum, timeout, lease, preflight, on_missing_tool: onMissingTool, on_failed_tool: onFailedTool },
    ...{ join_timeout: joinTimeout, phase_timeout: phaseTimeout }
  }
  return {
    spec: given({ on, expect, samples, interval, sysinfo, name, iterations }),
    policy: { ...flags.policy, ...given(policy) }
  }
}

/** The tools of `--tool` run beside those of `--tools` or the file, else beside proc. */
function toolsOf(named: string[] | undefined, own: string[], hasGroups: boolean): string[] | undefined {
  if (own.length === 0) return named
  const others = named ?? (hasGroups ? [] : ['proc'])
  return [...new Set([...others, ...own])]
}

const given = (options: object) =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
