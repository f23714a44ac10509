/** Which results stay where others are deleted: the newest, young ones, or those that fit an expression. */
import type { RunLine } from '../control/results.ts'
import { readDuration } from '../duration.ts'
import { readWhere } from './where.ts'

/** @param lines in the order in which they began. @returns those that stay */
export type Keep = (lines: RunLine[], now: number) => RunLine[]

/** @param text `20`, `30d`, or an expression of where.ts. @throws {BakError} `usage` */
export function readKeep(text: string): Keep {
  const trimmed = text.trim()
  // an empty one would keep nothing
  if (/^\d+$/.test(trimmed)) return lines => lines.slice(Math.max(0, lines.length - Number(trimmed)))
  if (/^\d+[a-z]+$/.test(trimmed)) {
    const age = readDuration(trimmed)
    return (lines, now) => lines.filter(({ created, begun }) => now - (created ?? begun) < age)
  }
  const fits = readWhere(trimmed)
  return (lines, now) => lines.filter(line => fits(line, now))
}
