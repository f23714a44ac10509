/** Why a tool cannot be used, as its check says it: `pidstat: not found on PATH`. */
import type { Availability } from './hello.ts'

/** @returns the reason without the name of the tool, for where that stands already; undefined where there is none */
export function reasonOfTool({ tool, reason }: Pick<Availability, 'tool' | 'reason'>): string | undefined {
  return reason?.startsWith(`${tool}: `) ? reason.slice(tool.length + 2) : reason
}
