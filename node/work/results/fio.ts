/** fio: `--output-format=json`, `json+`, or what it prints without one, which has three digits only. */
import { type FioDirection, type FioTime, SHARES } from './fio-direction.ts'
import { readFioJson } from './fio-json.ts'
import { readFioText } from './fio-text.ts'
import { type Found, main, meanTime, type ResultReader, throughput, worstTime } from './result-reader.ts'

export const fio: ResultReader = {
  claims: output => output.has('"fio version"', '"jobs"') || (output.has('Run status group') && output.has('err= ')),
  read(output, found) {
    const directions = output.has('"fio version"') ? readFioJson(output, found) : readFioText(output)
    const byDirection = Map.groupBy(directions, ({ direction }) => direction)
    for (const [direction, all] of byDirection) {
      const groups = Map.groupBy(all, ({ group }) => group)
      for (const jobs of groups.values()) {
        // groups run one after the other: there is no sum of them
        addGroup(found, groups.size > 1 ? [jobs[0]?.job ?? '', direction] : [direction], jobs)
      }
    }
  }
}

function addGroup(found: Found, name: string[], jobs: FioDirection[]): void {
  const add = (what: string[], values: Array<number | undefined>, meaning: ReturnType<typeof throughput>) => {
    const known = values.filter(each => each != null)
    if (known.length === 0) return
    const value =
      meaning.across === 'sum' ? known.reduce((sum, each) => sum + each, 0) : known.reduce((a, b) => Math.max(a, b))
    found.add([...name, ...what], value, meaning)
  }
  const rates = (key: 'iops' | 'bw') => jobs.map(each => each[key])
  add(['iops'], rates('iops'), main(throughput()))
  add(['bw'], rates('bw'), throughput('B/s'))
  for (const kind of ['clat', 'lat'] as const) {
    const times = jobs.flatMap(job => job.times.filter(each => each.kind === kind))
    found.add([...name, kind, 'mean'], weightedMean(times), meanTime())
    for (const share of SHARES) {
      const values = times.map(({ percentiles }) => percentiles.get(share))
      add([kind, `p${share}`], values, kind === 'clat' && share === 99 ? main(worstTime()) : worstTime())
    }
    const most = times.map(({ max }) => max)
    add([kind, 'max'], most, worstTime())
  }
}

/** Jobs with more operations weigh more. */
function weightedMean(times: FioTime[]): number | undefined {
  const known = times.filter(({ mean }) => mean != null)
  if (known.length === 0) return undefined
  const all = known.reduce((sum, { count = 1 }) => sum + count, 0)
  return known.reduce((sum, { mean = 0, count = 1 }) => sum + (mean * count) / all, 0)
}
