/** Makes the page of a report and writes it, whole or not at all. */
import { writeFile } from 'node:fs/promises'
import { writeWhole } from '../write-whole.ts'
import { gatherReport, type ReportSource } from './gather.ts'
import { pageHtml } from './page-html.ts'

/** Of the file: what can be mailed. */
const MAX_BYTES = 15_000_000
/** Points that a page has as a rule: one that changes with each point takes 2 bytes when it is packed, and a third more in base64. */
const MAX_POINTS = 5_000_000
/** Where the page became too large it is made anew with fewer: with so much of the points that would have fitted. */
const SHARE = 0.9
const MAX_TRIES = 6

/** @returns the page */
export async function makeReport(source: ReportSource): Promise<Buffer> {
  let points = MAX_POINTS
  for (let tries = 1; ; tries++) {
    const { data, block } = await gatherReport(source, points)
    const html = Buffer.from(
      await pageHtml({ page: 'report', title: `${data.head.name}: ${data.head.verdict}`, data, block })
    )
    if (html.length <= MAX_BYTES || tries === MAX_TRIES) return html
    points *= (SHARE * MAX_BYTES) / html.length
  }
}

/** @param isInResult the file is in the folder of the result. @returns bytes. @throws {BakError} as `writeWhole` */
export async function writeReport(source: ReportSource, output: string, isInResult: boolean): Promise<number> {
  const html = await makeReport(source)
  await writeWhole(output, path => writeFile(path, html), { isInResult })
  return html.length
}
