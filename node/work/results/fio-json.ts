/** The JSON of fio, of one run or of several in a text. */
import { type FioDirection, type FioTime, SHARES } from './fio-direction.ts'
import { at, listAt, numberAt, type OutputText } from './output-text.ts'
import type { Found } from './result-reader.ts'

export function readFioJson(output: OutputText, found: Found): FioDirection[] {
  const outputs = output.json().filter(each => at(each, 'fio version') != null)
  return outputs.flatMap((each, run) => {
    const jobs = listAt(each, 'jobs')
    for (const job of jobs) {
      const error = numberAt(job, 'error') ?? 0
      if (error !== 0) found.error ??= `job ${jobNameOf(job)} ended with error ${error}`
    }
    return jobs.flatMap(job => directionsOf(job, run))
  })
}

const jobNameOf = (job: unknown) => `${at(job, 'jobname') ?? ''}`

/** @param run which of the outputs of the text it is in: they were not printed at the same time */
function directionsOf(job: unknown, run: number): FioDirection[] {
  const about = { job: jobNameOf(job), group: (numberAt(job, 'groupid') ?? 0) + run * 1e6 }
  return ['read', 'write', 'trim', 'sync'].flatMap(direction => {
    const part = at(job, direction)
    if ((numberAt(part, 'total_ios') ?? 0) === 0) return []
    const times = (['clat', 'lat'] as const).map(kind => timeIn(part, kind))
    const rates =
      direction === 'sync' ? {} : { iops: numberAt(part, 'iops'), bw: numberAt(part, 'bw_bytes') ?? kibOf(part) }
    return [{ ...about, direction, ...rates, times }]
  })
}

/** Before fio 3.8 only this. */
function kibOf(part: unknown): number | undefined {
  const bw = numberAt(part, 'bw')
  return bw == null ? undefined : bw * 1024
}

function timeIn(part: unknown, kind: 'clat' | 'lat'): FioTime {
  const found = at(part, `${kind}_ns`)
  const ms = (value: number | undefined) => (value == null ? undefined : value / 1e6)
  const percentiles = SHARES.flatMap(share => {
    const value = ms(numberAt(found, 'percentile', share.toFixed(6)))
    return value == null ? [] : [[share, value] as const]
  })
  const count = numberAt(found, 'N') ?? numberAt(part, 'total_ios')
  // nothing was measured where it has no maximum
  const hasTimes = (numberAt(found, 'max') ?? 0) > 0
  const times = hasTimes ? { mean: ms(numberAt(found, 'mean')), max: ms(numberAt(found, 'max')), count } : {}
  return { kind, ...times, percentiles: new Map(percentiles) }
}
