/** Lengths of time as people write them: 30s, 15m, 24h, 7d. */
import * as v from 'valibot'
import { BakError } from './errors.ts'

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
type Unit = keyof typeof UNITS

/** Longest duration that a person may set: ten years. */
export const MAX_DURATION_MS = 3_650 * UNITS.d

/** Longest delay that a timer of Node takes, ms, 24 days: a longer one would end at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1

/** The last instant that a Date can hold, ms since 1970. */
const MAX_INSTANT_MS = 8.64e15

/** A duration as text. */
export const duration = v.pipe(
  v.string(),
  v.maxLength(16),
  v.check(text => parse(text) !== undefined, 'expected a time such as 30s, 15m, 24h or 7d')
)

/** @returns ms; @throws {BakError} `usage` */
export function readDuration(text: string): number {
  const found = parse(text)
  if (found === undefined) throw new BakError('usage', `${text}: expected a time such as 30s, 15m, 24h or 7d`)
  return found
}

/** @returns a duration in its two largest units, rounded down: `6 d 4 h`, `12 min`, `0 s` */
export function showDuration(ms: number): string {
  let rest = Math.max(0, Math.floor(ms / 1_000) * 1_000)
  const parts: string[] = []
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const whole = Math.floor(rest / UNITS[unit])
    rest -= whole * UNITS[unit]
    if (whole > 0) parts.push(`${whole} ${unit === 'm' ? 'min' : unit}`)
    if (parts.length === 2 || (parts.length === 1 && whole === 0)) break
  }
  return parts.join(' ') || '0 s'
}

/** @returns `2026-11-22T21:30:15.000Z`, for any number that another peer sent as an instant */
export const showInstant = (ms: number): string => new Date(Math.min(ms, MAX_INSTANT_MS)).toISOString()

function parse(text: string): number | undefined {
  const [, number, unit] = /^(\d{1,9})(s|m|h|d)$/.exec(text) ?? []
  if (number == null) return undefined
  const ms = Number(number) * UNITS[unit as Unit]
  return ms <= MAX_DURATION_MS ? ms : undefined
}
