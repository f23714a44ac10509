/** What is in the file of a report, as the page reads it. */
import { gunzipSync } from 'node:zlib'
import type { ReportData } from '../../../cli/report/report-data.ts'

export const dataIn = (html: string): ReportData => JSON.parse(elementIn(html, 'data'))

interface Place {
  offset: number
  length: number
}

/** What the block of a page has. */
export function blockOf({ series, axes, block }: ReportData, bytes: Uint8Array) {
  const { buffer } = Uint8Array.from(bytes)
  const valuesOf = ({ offset, length }: Place = { offset: 0, length: 0 }): number[] => [
    ...new Float32Array(buffer, 8 * block.float64 + 4 * offset, length)
  ]
  /** @returns the points of a row of `series.rows` */
  const pointsOf = (index: number): { t: number[]; v: number[] } => {
    const [, , , , , axis = -1, offset = 0] = series.rows[index] ?? []
    const { offset: from, length } = axes[axis] ?? { offset: 0, length: 0 }
    return { t: [...new Float64Array(buffer, 8 * from, length)], v: valuesOf({ offset, length }) }
  }
  return { valuesOf, pointsOf }
}

/** @returns the points of a row of `series.rows` */
export const pointsIn = (html: string, index: number): { t: number[]; v: number[] } =>
  blockOf(dataIn(html), gunzipSync(Buffer.from(elementIn(html, 'block'), 'base64'))).pointsOf(index)

function elementIn(html: string, id: string): string {
  const [, text] = new RegExp(`<script type="[a-z/]+" id="${id}">([^<]*)</script>`).exec(html) ?? []
  if (text == null) throw new Error(`the page has no ${id}`)
  return text
}
