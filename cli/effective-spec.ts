/** The spec that `bak run` asks for, from a run file and flags. */
import { checkSpec, type RunFile } from '../protocols/run-file.ts'
import type { Spec } from '../protocols/spec.ts'
import type { SpecFlags } from './spec-flags.ts'

/**
 * Flags win over the file; those of policy, tags and tools one by one.
 * @param command the words after `--`
 * @returns the spec with every default filled in
 * @throws {BakError} `usage` with a line for every mistake
 */
export function effectiveSpec(file: RunFile, flags: SpecFlags, command?: string[]): Spec {
  const { on, group, expect, samples, interval, sysinfo, name, iteration: iterations } = flags
  const { quorum, timeout, lease, preflight, onMissingTool, onFailedTool, joinTimeout, phaseTimeout } = flags
  const policy = {
    ...{ quorum, timeout, lease, preflight, on_missing_tool: onMissingTool, on_failed_tool: onFailedTool },
    ...{ join_timeout: joinTimeout, phase_timeout: phaseTimeout }
  }
  const tools = toolsOf(
    flags.tools ?? file.tools,
    Object.keys(flags.tool ?? {}),
    (file.groups ?? []).length > 0 || (group ?? file.group) != null
  )
  return checkSpec({
    ...file,
    ...given({ command, on, group, tools, expect, samples, interval, sysinfo, name, iterations }),
    tool: { ...file.tool, ...flags.tool },
    tags: { ...file.tags, ...flags.tag },
    policy: { ...file.policy, ...flags.policy, ...given(policy) }
  } as RunFile)
}

/** The tools of `--tool` run beside those of `--tools` or the file, else beside proc. */
function toolsOf(named: string[] | undefined, own: string[], hasGroups: boolean): string[] | undefined {
  if (own.length === 0) return named
  const others = named ?? (hasGroups ? [] : ['proc'])
  return [...new Set([...others, ...own])]
}

const given = (options: object) =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
