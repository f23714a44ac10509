/** The report of a run, by its id or folder: `bak report`, and `bak run --report` at the end of a run. */
import { join } from 'node:path'
import { REPORT_FILE } from '../../protocols/layout.ts'
import type { Context } from '../command.ts'
import { openResult, type Result } from '../result/open-result.ts'
import type { ReportSource } from './gather.ts'
import { writeReport } from './write-report.ts'

export interface MadeReport {
  run: string
  file: string
  bytes: number
}

/**
 * @param output the file; by default in the folder of the result, beside what is sealed
 * @throws {BakError} `no-such-run` where the folder is not on this machine, `damaged`, `cannot-create`
 */
export async function reportRun(
  context: Pick<Context, 'home' | 'ask'>,
  reference: string,
  output?: string
): Promise<MadeReport> {
  const result = await openResult(context, reference)
  const file = output ?? join(result.folder, REPORT_FILE)
  const bytes = await writeReport(await sourceOf(result), file, output == null)
  return { run: result.run, file, bytes }
}

export async function sourceOf({
  folder,
  record,
  samples,
  persistent,
  collected,
  journal
}: Result): Promise<ReportSource> {
  const series = new Map(record.roster.map(({ name }) => [name, [] as string[]]))
  for (const each of [...samples.map(sample => sample.series), persistent, ...collected])
    for (const [member, path] of each) series.get(member)?.push(path)
  return { folder, record, series, samples, events: await journal() }
}
