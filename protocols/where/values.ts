/** Values of an expression: what a person writes for each kind of field, and how two of them are compared. */
import { globOf } from '../glob.ts'

export type Kind = 'text' | 'number' | 'bytes' | 'duration' | 'instant' | 'truth'
export type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=' | '~' | '!~'
export type Value = string | number | boolean

export const EXPECTED: Record<Kind, string> = {
  text: 'a text',
  number: 'a number',
  bytes: 'bytes such as 512, 10MiB or 2GB',
  duration: 'a time such as 500ms, 90s, 15m, 2h or 7d',
  instant: 'a date in UTC such as 2026-11-22 or "2026-11-22 21:30"',
  truth: 'true or false'
}

const SIZES: Record<string, number> = {
  ...{ b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 },
  ...{ kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30, tib: 2 ** 40 }
}
const TIMES: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const NUMBER = /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i
const NATURAL = new Intl.Collator('en', { numeric: true })

/** Orders texts as people do: 6.9 before 6.18. */
export const inNaturalOrder = (a: string, b: string): number => NATURAL.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0)

/** Compares what a field has with what was written. */
export type Test = (value: Value) => boolean

/** @param isQuoted a text, also where it looks like a number. @returns undefined where the written is no value of this kind */
export function testOf(kind: Kind, operator: Operator, written: string, isQuoted: boolean): Test | undefined {
  if (operator === '~' || operator === '!~') {
    const fits = globOf(written.replace(/\*+/g, '**'))
    return kind === 'text' ? value => fits(String(value)) === (operator === '~') : undefined
  }
  switch (kind) {
    case 'text':
      return isQuoted || !NUMBER.test(written) || operator === '=' || operator === '!='
        ? value => holds(operator, compareText(operator, String(value), written))
        : value => NUMBER.test(String(value)) && holds(operator, Number(value) - Number(written))
    case 'truth':
      return written === 'true' || written === 'false'
        ? value => holds(operator, Number(value) - Number(written === 'true'))
        : undefined
    case 'instant':
      return duringOf(operator, written)
    default: {
      const number = numberOf(kind, written)
      return number == null ? undefined : value => holds(operator, Number(value) - number)
    }
  }
}

const compareText = (operator: Operator, value: string, written: string) =>
  operator === '=' || operator === '!=' ? Number(value !== written) : inNaturalOrder(value, written)

function numberOf(kind: 'number' | 'bytes' | 'duration', written: string): number | undefined {
  if (kind !== 'duration' && NUMBER.test(written)) return Number(written)
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)([a-z]+)$/i.exec(written) ?? []
  const units = kind === 'bytes' ? SIZES : kind === 'duration' ? TIMES : {}
  const factor = units[kind === 'bytes' ? unit.toLowerCase() : unit]
  return number == null || factor == null ? undefined : Number(number) * factor
}

/** A date is all of its day, 21:30 all of its minute. */
function duringOf(operator: Operator, written: string): Test | undefined {
  const [, date, minute, second] = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d))?)?Z?$/.exec(written) ?? []
  const from = Date.parse(`${date}T${minute ?? '00:00'}:${second ?? '00'}Z`)
  if (date == null || !Number.isFinite(from)) return undefined
  const to = from + (minute == null ? 86_400_000 : second == null ? 60_000 : 1_000)
  return value => {
    const at = Number(value)
    return holds(operator, at < from ? -1 : at >= to ? 1 : 0)
  }
}

function holds(operator: Operator, difference: number): boolean {
  switch (operator) {
    case '=':
      return difference === 0
    case '!=':
      return difference !== 0
    case '<':
      return difference < 0
    case '<=':
      return difference <= 0
    case '>':
      return difference > 0
    default:
      return difference >= 0
  }
}
