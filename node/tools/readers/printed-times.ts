/** Instants from what programs print of them: seconds without their fractions, and times of a day without its date. */
import type { FileAbout } from '../../series/reader.ts'

const SECOND_MS = 1000
const DAY_MS = 86_400_000
const CLOCK = /^(\d\d?):(\d\d):(\d\d)(?:\.(\d+))?( ?[AP]M)?(?=\s|$)/i

/**
 * Programs that take a sample at each multiple of an interval print the second in which they did, cut off. The instant in that second at
 * which a multiple of the interval from the begin is, is nearer; where there is none the nearest end of the second.
 * @returns ms since 1970
 */
export function withinSecond(second: number, { began, interval }: Pick<FileAbout, 'began' | 'interval'>): number {
  const period = Math.max(1, Math.round(interval)) * SECOND_MS
  const next = began + Math.ceil((second - began) / period) * period
  if (next < second + SECOND_MS) return next
  return next - second - SECOND_MS < second - (next - period) ? second + SECOND_MS - 1 : second
}

/** Reads `01:33:34` and `01:33:34 PM` at the begin of a line. */
export class DayTimes {
  #last: number
  /** Many lines have the same. */
  #text = ''

  /** @param began the first time is the one nearest to this, ms since 1970; each later one the nearest to the one before */
  constructor(began: number) {
    this.#last = began
  }

  /** @returns ms since 1970 and how many characters it takes; undefined if the line does not begin with a time */
  read(line: string): { at: number; length: number } | undefined {
    if (this.#text !== '' && line.startsWith(this.#text)) return { at: this.#last, length: this.#text.length - 1 }
    const found = CLOCK.exec(line)
    if (found == null) return undefined
    const [text, hours, minutes, seconds, fraction = '0', half] = found
    let hour = Number(hours)
    if (half != null) hour = (hour % 12) + (/p/i.test(half) ? 12 : 0)
    const ofDay = ((hour * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000 + Number(`0.${fraction}`) * 1000
    const day = Math.round((this.#last - ofDay) / DAY_MS)
    this.#last = day * DAY_MS + ofDay
    this.#text = line.length > text.length ? line.slice(0, text.length + 1) : ''
    return { at: this.#last, length: text.length }
  }
}

/** Reads `2026-12-01T01:33:34+0000` and `2026-12-01 01:33:34`, which is UTC. @returns NaN for what is no time */
export function isoTime(text: string): number {
  const [, date, time, zone = 'Z'] =
    /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[-+]\d\d:?\d\d)?$/.exec(text.trim()) ?? []
  return date == null ? Number.NaN : Date.parse(`${date}T${time}${zone.replace(/(\d\d)(\d\d)$/, '$1:$2')}`)
}
