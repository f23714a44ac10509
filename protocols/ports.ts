/** Ports of TCP, and ranges of them, as people write them: 9100, "8000-8099". Pure. */
import * as v from 'valibot'

export const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))

/** @returns undefined for a text that is neither a port nor a range */
export function portsIn(text: string | number): { first: number; last: number } | undefined {
  const [, from, to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(`${text}`) ?? []
  const [first, last] = [Number(from), Number(to)]
  return v.is(port, first) && v.is(port, last) && first <= last ? { first, last } : undefined
}
