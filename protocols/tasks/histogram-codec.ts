/**
 * Histograms as bytes: the compressed V2 form of HdrHistogram, which its libraries in other languages read. Read with bounds, since they come from
 * other peers: neither bytes that unpack to very many nor a shape that is not ours costs memory.
 */
import { deflateSync, inflateSync } from 'node:zlib'
import { BakError } from '../errors.ts'
import { bucketOf, LogHistogram, MAX_INDEX } from './histogram.ts'

const COOKIE = 0x1c849303 | 0x10
const COMPRESSED_COOKIE = 0x1c849304 | 0x10
const HEADER = 40
const DIGITS = 3
/** Each bucket takes nine bytes at most. */
const MAX_UNPACKED = HEADER + 9 * MAX_INDEX
/** Values of one histogram from elsewhere: sums of very many of them are still exact. */
export const MAX_VALUES = 2 ** 40

export function encodeHistogram(histogram: LogHistogram): Uint8Array {
  const counts: number[] = []
  let next = 0
  for (const [index, count] of histogram.buckets()) {
    if (index > next) writeZigZag(counts, next - index)
    writeZigZag(counts, count)
    next = index + 1
  }
  const plain = Buffer.alloc(HEADER + counts.length)
  plain.writeUInt32BE(COOKIE, 0)
  plain.writeUInt32BE(counts.length, 4)
  plain.writeUInt32BE(0, 8)
  plain.writeUInt32BE(DIGITS, 12)
  plain.writeBigUInt64BE(1n, 16)
  plain.writeBigUInt64BE(BigInt(highestOf(next)), 24)
  plain.writeDoubleBE(1, 32)
  plain.set(counts, HEADER)
  const packed = deflateSync(plain)
  const head = Buffer.alloc(8)
  head.writeUInt32BE(COMPRESSED_COOKIE, 0)
  head.writeUInt32BE(packed.length, 4)
  return new Uint8Array(Buffer.concat([head, packed]))
}

/** Readers make as many counters as it says: no fewer than there are, and at least two. */
const highestOf = (buckets: number): number => {
  const { lowest, width } = bucketOf(Math.max(0, buckets - 1))
  return Math.min(Number.MAX_SAFE_INTEGER, Math.max(2, lowest + width - 1))
}

/** @throws {BakError} `bad-message` for what is no such histogram, or one of another shape */
export function decodeHistogram(bytes: Uint8Array): LogHistogram {
  const plain = unpack(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  if (plain.length < HEADER || plain.readUInt32BE(0) !== COOKIE) throw wrong('it does not begin as one')
  // hdr-histogram-js writes 1 as the offset and as the ratio behind, and means 0 and 1.0: neither is read
  const [length, digits] = [plain.readUInt32BE(4), plain.readUInt32BE(12)]
  if (digits !== DIGITS || plain.readBigUInt64BE(16) !== 1n) throw wrong(`it is not of ${DIGITS} digits from 1 on`)
  if (plain.length !== HEADER + length) throw wrong(`it says ${length} bytes and has ${plain.length - HEADER}`)
  const histogram = new LogHistogram()
  let index = 0
  for (let at = HEADER; at < plain.length; ) {
    const [value, after] = readZigZag(plain, at)
    at = after
    if (value > 0) histogram.addAt(index, value)
    index += value > 0 ? 1 : value < 0 ? -value : 1
    if (index > MAX_INDEX || histogram.count > MAX_VALUES) throw wrong('it has values or counts that are too large')
  }
  return histogram
}

function unpack(bytes: Buffer): Buffer {
  if (bytes.length < 8 || bytes.readUInt32BE(0) !== COMPRESSED_COOKIE || bytes.readUInt32BE(4) !== bytes.length - 8)
    throw wrong('it does not begin as one')
  try {
    return inflateSync(bytes.subarray(8), { maxOutputLength: MAX_UNPACKED })
  } catch (cause) {
    throw wrong((cause as Error).message)
  }
}

const wrong = (why: string) => new BakError('bad-message', `a histogram cannot be read: ${why}`)

/** ZigZag LEB128 of 64 bits: the ninth byte has eight of them. */
function writeZigZag(into: number[], value: number): void {
  let rest = value >= 0 ? BigInt(value) * 2n : -BigInt(value) * 2n - 1n
  for (let i = 0; i < 8; i++) {
    if (rest < 0x80n) return void into.push(Number(rest))
    into.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  into.push(Number(rest & 0xffn))
}

function readZigZag(bytes: Buffer, at: number): [number, number] {
  let [value, scale] = [0, 1]
  for (let i = 0; i < 9; i++) {
    const byte = bytes[at++]
    if (byte == null) throw wrong('it is cut off')
    const isLast = i === 8 || byte < 0x80
    value += (i === 8 ? byte : byte & 0x7f) * scale
    scale *= 128
    if (value > Number.MAX_SAFE_INTEGER) throw wrong('it has values or counts that are too large')
    if (isLast) break
  }
  return [value % 2 === 0 ? value / 2 : -(value + 1) / 2, at]
}
