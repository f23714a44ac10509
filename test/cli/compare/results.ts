/** Results with series on the disk that can be compared: of one roster, with runs of their own. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RECORD_FILE, sysinfoFolder } from '../../../protocols/layout.ts'
import type { Metric } from '../../../protocols/metric.ts'
import { type RunRecord, writeRecord } from '../../../protocols/record.ts'
import { type ResultShape, type SeriesResult, seriesResult } from '../../helpers/series-result.ts'

const DIRECTIONS: Record<string, Partial<Metric>> = {
  'fio.read.iops': { better: 'more', across: 'sum' },
  'fio.read.clat.p99': { better: 'less', across: 'max' }
}

/** @param like the result of which it has the roster @param kernel what its machines run */
export function resultIn(
  shape: ResultShape,
  { like, kernel = '6.12' }: { like?: SeriesResult; kernel?: string } = {}
): SeriesResult {
  const made = seriesResult(shape)
  const roster = like?.record.roster ?? made.record.roster
  const controller = like?.record.controller ?? made.record.controller
  const workload = made.record.workload.map(entry => ({
    ...entry,
    metrics: (entry.metrics ?? []).map(metric => ({ ...metric, ...DIRECTIONS[metric.name] }))
  }))
  const record: RunRecord = { ...made.record, roster, controller, workload }
  writeFileSync(join(shape.folder, RECORD_FILE), writeRecord(record))
  for (const member of made.members) {
    const folder = join(shape.folder, sysinfoFolder('begin', member))
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'kernel.json'), JSON.stringify({ uname: { release: kernel } }))
    writeFileSync(join(folder, 'cpu.json'), JSON.stringify({ model: 'Test 9000' }))
  }
  return { ...made, record }
}
