/** The block of numbers and texts of a report, and the lists that say where in it each series is. */
import type { BlockParts, ReportData, SeriesTable } from './report-data.ts'

interface SeriesToAdd {
  member: number
  tool: string
  metric: string
  labels: string
  unit: string
  /** Of `addAxis`. */
  axis: number
  /** NaN is a gap. */
  values: Float64Array
  /** Points before they were thinned. */
  measured: number
}

/** Each text once; they are named by their index. */
class Texts {
  readonly all: string[] = []
  readonly #known = new Map<string, number>()

  indexOf(text: string): number {
    const known = this.#known.get(text)
    if (known != null) return known
    this.#known.set(text, this.all.length)
    return this.all.push(text) - 1
  }
}

export class Block {
  readonly #tools = new Texts()
  readonly #metrics = new Texts()
  readonly #labels = new Texts()
  readonly #units = new Texts()
  readonly #rows: SeriesTable['rows'] = []
  readonly #axes: ReportData['axes'] = []
  readonly #times: Float64Array[] = []
  readonly #values: Float32Array[] = []
  readonly #texts: Uint8Array[] = []
  readonly #round: boolean
  #size: BlockParts = { float64: 0, float32: 0, text: 0 }

  /** @param round values get 12 significant bits, which takes half the room when they are packed */
  constructor({ round }: { round: boolean }) {
    this.#round = round
  }

  /** @returns its number */
  addAxis(times: Float64Array): number {
    this.#times.push(times)
    this.#axes.push({ offset: this.#size.float64, length: times.length })
    this.#size.float64 += times.length
    return this.#axes.length - 1
  }

  /** @returns its row */
  addSeries({ member, tool, metric, labels, unit, axis, values, measured }: SeriesToAdd): number {
    const texts = [
      this.#tools.indexOf(tool),
      this.#metrics.indexOf(metric),
      this.#labels.indexOf(labels),
      this.#units.indexOf(unit)
    ] as const
    const { offset } = this.addValues(values)
    return this.#rows.push([member, ...texts, axis, offset, measured]) - 1
  }

  /** Of what is no series. @returns where they are */
  addValues(values: Float64Array): { offset: number; length: number } {
    const packed = Float32Array.from(values)
    if (this.#round) roundAll(packed)
    this.#values.push(packed)
    const offset = this.#size.float32
    this.#size.float32 += packed.length
    return { offset, length: packed.length }
  }

  /** @returns where it is */
  addText(text: string): { offset: number; length: number } {
    const bytes = Buffer.from(text)
    this.#texts.push(bytes)
    const offset = this.#size.text
    this.#size.text += bytes.length
    return { offset, length: bytes.length }
  }

  /** Not compressed. */
  bytes(): Uint8Array {
    const parts = [...this.#times, ...this.#values, ...this.#texts]
    return Buffer.concat(parts.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)))
  }

  get contents(): Pick<ReportData, 'series' | 'axes' | 'block'> {
    const series = {
      ...{ tools: this.#tools.all, metrics: this.#metrics.all, labels: this.#labels.all, units: this.#units.all },
      rows: this.#rows
    }
    return { series, axes: this.#axes, block: { ...this.#size } }
  }
}

/** The bits of the mantissa of a Float32 that are left out, and half of the last that stays. */
const DROPPED = 0xfff
const HALF = 0x800
const INFINITY_BITS = 0x7f800000

function roundAll(values: Float32Array): void {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  for (let at = 0; at < bits.length; at++) {
    const one = bits[at] as number
    // not of NaN, nor up to infinity
    if ((one & INFINITY_BITS) === INFINITY_BITS) continue
    const rounded = (one + HALF) & ~DROPPED
    if ((rounded & INFINITY_BITS) !== INFINITY_BITS) bits[at] = rounded
  }
}
