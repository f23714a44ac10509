/**
 * Samples of one task on one member, in columns: what the load stream, the driver's pipe and the controller handle them as. Times are ms since
 * the agreed begin of the element, by the clock of the controller.
 */
import * as v from 'valibot'
import { BakError } from '../errors.ts'
import { bytes, count, list, name, text } from '../fields.ts'

/** Of one block: 46 bytes each, so that a block is one frame of a stream. */
export const MAX_BLOCK_SAMPLES = 4_096
/** Kinds of errors of one task; what is beyond is `other`. */
export const MAX_ERROR_KINDS = 64
/** The kind of what is beyond, and characters of any. */
export const OTHER_KIND = 'other'
export const MAX_KIND_LENGTH = 200

export const FLAGS = { warmup: 1, failed: 2 } as const

export interface SampleColumns {
  /** Index of the client among all of the run (the physical one). */
  client: Uint32Array
  /** FLAGS. */
  flags: Uint8Array
  /** Index in `kinds` of a failed one, else 0. */
  kind: Uint8Array
  /** When it was due; when it was sent where nothing paces it. */
  due: Float64Array
  /** From when it was due to its end. */
  latency: Float64Array
  /** Of the request itself. */
  service: Float64Array
  /** Of the round of the client's loop: what is beyond `service` the driver took. */
  processing: Float64Array
  /** When it was sent. */
  sent: Float64Array
  /** Operations that it stands for. */
  weight: Float64Array
}
export const BYTES_A_SAMPLE = 4 + 1 + 1 + 6 * 8

/** As it travels. `columns` has the arrays of SampleColumns one behind the other, little-endian, first those of 8 bytes. */
export const sampleBlock = v.object({
  element: count,
  task: name,
  samples: v.pipe(count, v.minValue(1), v.maxValue(MAX_BLOCK_SAMPLES)),
  columns: bytes(MAX_BLOCK_SAMPLES * BYTES_A_SAMPLE),
  /** Of errors, such as `ECONNREFUSED` or `status 503`. */
  kinds: list(text, MAX_ERROR_KINDS),
  /** Of weights. */
  unit: text
})
export type SampleBlock = v.InferOutput<typeof sampleBlock>

const NUMBERS = ['due', 'latency', 'service', 'processing', 'sent', 'weight'] as const

/** @returns room for so many samples, filled with 0 */
export const emptyColumns = (samples: number): SampleColumns =>
  columnsIn(new ArrayBuffer(samples * BYTES_A_SAMPLE), samples)

/** @param buffer of columns as they travel */
function columnsIn(buffer: ArrayBufferLike, samples: number): SampleColumns {
  const numbers = NUMBERS.map((key, i) => [key, new Float64Array(buffer, i * 8 * samples, samples)])
  const rest = NUMBERS.length * 8 * samples
  return {
    ...(Object.fromEntries(numbers) as Record<(typeof NUMBERS)[number], Float64Array>),
    client: new Uint32Array(buffer, rest, samples),
    flags: new Uint8Array(buffer, rest + 4 * samples, samples),
    kind: new Uint8Array(buffer, rest + 5 * samples, samples)
  }
}

export function packColumns(columns: SampleColumns, samples = columns.client.length): Uint8Array {
  const packed = new Uint8Array(samples * BYTES_A_SAMPLE)
  let at = 0
  for (const key of [...NUMBERS, 'client', 'flags', 'kind'] as const) {
    const part = columns[key].subarray(0, samples)
    packed.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at)
    at += part.byteLength
  }
  return packed
}

/** @throws {BakError} `bad-message` for columns of another size, for times that are no numbers or negative, and for unknown kinds */
export function unpackColumns({
  samples,
  columns,
  kinds
}: Pick<SampleBlock, 'samples' | 'columns' | 'kinds'>): SampleColumns {
  if (columns.byteLength !== samples * BYTES_A_SAMPLE)
    throw new BakError(
      'bad-message',
      `${samples} samples have ${samples * BYTES_A_SAMPLE} bytes, and ${columns.byteLength} came`
    )
  // a copy begins where arrays of 8 bytes may begin
  const unpacked = columnsIn(new Uint8Array(columns).buffer, samples)
  for (const key of NUMBERS)
    if (!unpacked[key].every(each => each >= 0 && each < Number.MAX_SAFE_INTEGER))
      throw new BakError('bad-message', `${key} of a sample is no time`)
  const isKnown = unpacked.kind.every(
    (kind, i) => kind < kinds.length || ((unpacked.flags[i] ?? 0) & FLAGS.failed) === 0
  )
  if (!isKnown) throw new BakError('bad-message', 'an error of a sample has no kind')
  return unpacked
}
