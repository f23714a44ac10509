/** Mutations of recorded or valid messages. */
import * as fc from 'fast-check'

/** One mutation: its kind, its place as a fraction of the length in 65,536ths, and a number that some kinds need. */
interface Change {
  kind: (typeof kinds)[number]
  at: number
  by: number
}

const kinds = ['flip', 'set', 'cut', 'drop', 'insert', 'repeat', 'swap', 'length', 'nest', 'widen'] as const
const FRACTION = 65_536
/** Values for a length field: zero, the maximum, the bounds of frames and their neighbours. */
const lengths = [0, 1, 2, 0x7f, 0xff, 0xffff, 2 ** 20, 2 ** 20 + 1024, 2 ** 21, 2 ** 23, 2 ** 24, 2 ** 31, 2 ** 32 - 1]

/** Applies one to four mutations. */
export function changed(good: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const change = fc.record({
    kind: fc.constantFrom(...kinds),
    at: fc.nat(FRACTION - 1),
    by: fc.nat(255)
  })
  return fc
    .tuple(good, fc.array(change, { minLength: 1, maxLength: 4 }))
    .map(([bytes, changes]) => changes.reduce(apply, bytes))
}

/** The beginning of one message and the end of another. */
export function spliced(good: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const at = fc.nat(FRACTION - 1)
  return fc
    .tuple(good, good, at, at)
    .map(([a, b, from, to]) => concat(a.subarray(0, place(a, from)), b.subarray(place(b, to))))
}

const place = (bytes: Uint8Array, at: number) => Math.floor((at / FRACTION) * bytes.length)

function apply(bytes: Uint8Array, { kind, at: fraction, by }: Change): Uint8Array {
  const at = place(bytes, fraction)
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)]
  if (kind === 'cut') return before
  if (kind === 'drop') return concat(before, after.subarray(1 + (by % 8)))
  if (kind === 'insert') return concat(before, Uint8Array.of(by), after)
  if (kind === 'repeat') return concat(before, after.subarray(0, by), after)
  if (kind === 'swap') return concat(before, after.subarray(by), after.subarray(0, by))
  if (kind === 'nest') return concat(before, new Uint8Array(by * 40).fill(by % 2 === 0 ? 0x81 : 0xa1), after)
  const copy = new Uint8Array(bytes)
  if (bytes.length === 0) return copy
  if (kind === 'flip') copy[at] = (bytes[at] as number) ^ (1 << (by % 8))
  if (kind === 'set') copy[at] = by
  // mostly the length of the first frame
  if (kind === 'length' && copy.length >= 4)
    view(copy).setUint32(by % 2 === 0 ? 0 : Math.min(at, copy.length - 4), lengthOf(by))
  // a CBOR head that claims a longer value than follows
  if (kind === 'widen') copy[at] = ((bytes[at] as number) & 0xe0) | (24 + (by % 8))
  return copy
}

const lengthOf = (by: number) => lengths[by % lengths.length] as number
const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

export function concat(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

/** A frame as on every stream: four bytes of length and a body. */
export function frame(body: Uint8Array): Uint8Array {
  const head = new Uint8Array(4)
  view(head).setUint32(0, body.length)
  return concat(head, body)
}

/** @returns the bodies of all complete frames */
export function unframe(bytes: Uint8Array): Uint8Array[] {
  const bodies: Uint8Array[] = []
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = view(bytes).getUint32(at)
    if (at + 4 + length > bytes.length) break
    bodies.push(bytes.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return bodies
}

/** A frame as in libp2p's own protocols: the length is a varint. */
export function prefixed(body: Uint8Array): Uint8Array {
  const head: number[] = []
  for (let rest = body.length; ; rest >>>= 7) {
    head.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest)
    if (rest <= 0x7f) return concat(Uint8Array.from(head), body)
  }
}
