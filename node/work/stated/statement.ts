/** What one line `#BAK:...` of a workload says. Pure. */
import * as v from 'valibot'
import { cleanLine } from '../../../protocols/clean-line.ts'
import { name } from '../../../protocols/fields.ts'
import { across, better, type Metric, metricUnit, metricValue, readMeaning } from '../../../protocols/metric.ts'
import type { MarkedLine } from './marked-lines.ts'

/** One value of a metric. */
export type SaidMetric = Omit<Metric, 'samples'>

export type Statement =
  | { kind: 'phase'; phase: string }
  | { kind: 'progress'; progress: number }
  | ({ kind: 'metric' } & SaidMetric)
  /** It failed, whatever its exit status is. */
  | { kind: 'error'; why: string }
  /** A line that says nothing that can be kept: why. */
  | { kind: 'bad'; why: string }

/** Characters of the words of an error, and of a phase. */
const MAX_WHY = 512
const MAX_PHASE = 64
/** Characters of a bad line in its warning. */
const MAX_SHOWN = 60

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

/** @returns undefined for a line of another kind: a later version may have it */
export function readStatement({ text, isCut }: MarkedLine): Statement | undefined {
  const [, kind, rest = ''] = /^(\S+)(?:\s+(.*))?$/s.exec(text.trimEnd()) ?? []
  switch (kind) {
    case 'STATE':
      return readState(rest)
    case 'PHASE':
      return rest === ''
        ? bad(text, 'it names no phase')
        : { kind: 'phase', phase: cleanLine(rest).slice(0, MAX_PHASE) }
    case 'PROGRESS':
      return readProgress(text, rest)
    case 'METRIC':
      return isCut ? bad(text, 'it is too long') : readMetric(text, rest)
    default:
      return undefined
  }
}

const bad = (line: string, why: string): Statement => ({
  kind: 'bad',
  why: `#BAK:${cleanLine(line.trimEnd()).slice(0, MAX_SHOWN)}: ${why}`
})

function readState(rest: string): Statement | undefined {
  // ERROR is another word
  const [, why] = /^ERR(?:\s(.*))?$/s.exec(rest) ?? [undefined, undefined]
  if (why == null && rest !== 'ERR') return undefined
  const words = (why ?? '').trim().slice(0, MAX_WHY)
  return { kind: 'error', why: words === '' ? 'no reason given' : words }
}

function readProgress(line: string, rest: string): Statement {
  const [, number = ''] = /^(\S+?)\s*%?$/.exec(rest) ?? []
  const progress = NUMBER.test(number) ? Number(number) : Number.NaN
  return progress >= 0 && progress <= 100
    ? { kind: 'progress', progress }
    : bad(line, 'expected a number from 0 to 100')
}

function readMetric(line: string, rest: string): Statement {
  const [, called, number = '', unit] = /^([^=\s]+)\s*=\s*(\S+)(?:\s+(\S.*))?$/s.exec(rest) ?? []
  if (called == null) return bad(line, 'expected name=number unit')
  const value = NUMBER.test(number) ? Number(number) : number
  // what a workload says itself is what it wants to know
  const said = { name: called, value, ...readMeaning(unit?.trim().split(' ') ?? []), main: true }
  return metricOf(said, why => bad(line, why))
}

/** @returns a metric whose name, value, unit and meaning are as they may be in a result; else what `refuse` makes of why not */
export function metricOf(said: Record<string, unknown>, refuse: (why: string) => Statement): Statement {
  const { name: called, value, unit } = said
  if (!v.is(name, called)) return refuse('its name may have 64 letters, digits and . _ @ # - only')
  if (!v.is(metricValue, value)) return refuse('its value is not a number')
  if (unit != null && !v.is(metricUnit, unit))
    return refuse('its unit may have 32 characters, and no control characters')
  if (said.better != null && !v.is(better, said.better)) return refuse('what is better is more or less')
  if (said.across != null && !v.is(across, said.across)) return refuse('across is sum, mean or max')
  return {
    ...{ kind: 'metric', name: called, value },
    ...(unit == null ? {} : { unit }),
    ...(said.better == null ? {} : { better: said.better }),
    ...(said.across == null ? {} : { across: said.across }),
    ...(said.main === true ? { main: true } : {})
  }
}
