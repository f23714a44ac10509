/** Every tool there is. A new one is one file and one line here. */
import { BakError } from '../../protocols/errors.ts'
import { nearest } from '../../protocols/nearest.ts'
import type { Lifetime } from '../../protocols/on-end.ts'
import { ownOptions, type ToolOptions } from '../../protocols/tool-options.ts'
import { commandTool } from './command-tool.ts'
import { dcgm } from './dcgm.ts'
import { externalData } from './external-data.ts'
import { gauge } from './gauge.ts'
import { iostat } from './iostat.ts'
import { mpstat } from './mpstat.ts'
import { nodeExporter } from './node-exporter.ts'
import { pcp } from './pcp.ts'
import { pidstat } from './pidstat.ts'
import { repeated } from './repeated/index.ts'
import { sampled } from './sampled/index.ts'
import { sar } from './sar.ts'
import type { Tool } from './tool.ts'
import { traced } from './traced/index.ts'
import { vmstat } from './vmstat.ts'

const tools: Tool[] = [
  ...[...sampled, vmstat, iostat, mpstat, pidstat, sar, ...traced, ...repeated],
  ...[nodeExporter, dcgm, pcp, externalData, gauge]
]

export function listTools(): Tool[] {
  return [...tools]
}

export const isBuiltIn = (name: string): boolean => tools.some(each => each.name === name)

/** @returns the argv of a program that a built-in tool would run because of these options; undefined for none */
export function programRunBy(name: string, options: ToolOptions): string[] | undefined {
  return tools.find(each => each.name === name)?.runs?.(options)
}

/** @returns the words and the texts of a tool's options that may name a path */
export function textsOf(name: string, options: ToolOptions): string[] {
  const texts = Object.entries(ownOptions(options)).flatMap(([key, value]) =>
    typeof value === 'string' ? [`--${key}=${value}`] : []
  )
  const settings = tools.find(tool => tool.name === name)?.settings ?? []
  const others = settings.filter(each => each.noPath).map(each => `--${each.name}=`)
  return [...(options.options ?? []), ...texts].filter(text => !others.some(each => text.startsWith(each)))
}

/** @throws {BakError} `usage` for an unknown name without a `command` in its options */
export function findTool(name: string, options: ToolOptions): Tool {
  if (options.command != null) return commandTool(name, options)
  const tool = tools.find(each => each.name === name)
  if (tool != null) return tool
  const known = tools.map(each => each.name)
  const near = nearest(name, known)
  const hint = near == null ? `known are ${known.join(', ')}` : `did you mean ${near}?`
  throw new BakError('usage', `${name}: no such tool; ${hint}; for one of your own: --tool "${name}=COMMAND"`)
}

/** @returns whether a tool does something before the instant of `start`, for which there must be time; one of a user never does */
export const actsBeforeStart = (name: string, { command }: ToolOptions): boolean =>
  command == null && tools.some(each => each.name === name && each.before != null)

/** @returns how long it runs with these options */
export const lifetimeOf = ({ lifetime }: Pick<Tool, 'lifetime'>, options: ToolOptions): Lifetime =>
  options.lifetime ?? lifetime
