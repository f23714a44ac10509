/** Reads what the page carries: JSON, and the block of numbers and texts, gzip in base64. */
import type { BlockParts, FlameText, ReportData, SeriesRow } from '../report-data.ts'
import type { Points } from './reduce.ts'

export interface Loaded {
  data: ReportData
  /** @returns the points of a row of `data.series.rows` */
  points(index: number): Points
  /** @returns values that are no series, such as those of a curve */
  values(place: { offset: number; length: number }): Float32Array
  text(flame: Pick<FlameText, 'offset' | 'length'>): string
}

const NOTHING: Points = { t: new Float64Array(), v: new Float32Array() }

export async function load(): Promise<Loaded> {
  const data = JSON.parse(textOf('data')) as ReportData
  const block = await unpack(textOf('block'))
  return openBlock(data, block)
}

/** The parts of a page hold their text so, and other pages do as this one. */
export const textOf = (id: string): string => document.getElementById(id)?.textContent ?? ''

export async function unpack(base64: string): Promise<ArrayBuffer> {
  const packed = fromBase64(base64.trim())
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'))
  return new Response(stream).arrayBuffer()
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const direct = (Uint8Array as unknown as { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> }).fromBase64
  if (direct != null) return direct.call(Uint8Array, text)
  // browsers before 2025
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let index = 0; index < bytes.length; index++) bytes[index] = binary.charCodeAt(index)
  return bytes
}

export function openBlock(
  data: Pick<ReportData, 'series' | 'axes'> & { block: BlockParts },
  block: ArrayBuffer
): Loaded {
  const { float64, float32, text } = data.block
  const times = new Float64Array(block, 0, float64)
  const values = new Float32Array(block, 8 * float64, float32)
  const texts = new Uint8Array(block, 8 * float64 + 4 * float32, text)
  return {
    data: data as ReportData,
    points(index) {
      const row: SeriesRow | undefined = data.series.rows[index]
      const axis = row == null ? undefined : data.axes[row[5]]
      if (row == null || axis == null) return NOTHING
      return {
        t: times.subarray(axis.offset, axis.offset + axis.length),
        v: values.subarray(row[6], row[6] + axis.length)
      }
    },
    values: ({ offset, length }) => values.subarray(offset, offset + length),
    text: ({ offset, length }) => new TextDecoder().decode(texts.subarray(offset, offset + length))
  }
}
