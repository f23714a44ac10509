/** Records of runs that measured given numbers, for tests of comparisons. */
import type { Opened } from '../../../cli/compare/groups.ts'
import type { Metric } from '../../../protocols/metric.ts'
import { randomFrom } from '../../../protocols/random.ts'
import type { RunRecord } from '../../../protocols/record.ts'
import type { WorkEntry } from '../../../protocols/work-entry.ts'
import { runRecord, specOf } from '../../protocols/samples.ts'

const HOUR = 3_600_000
const BEGUN = Date.UTC(2026, 10, 22, 21, 30, 15)
const capabilities = { program: '0.1.0', os: 'Linux', cores: 2, clock: { offset: 0, bound: 0.5 }, tools: [] }

/** By iteration, by metric: a value for each sample; `undefined` for one in which the workload failed. */
export type Values = Record<string, Record<string, Array<number | undefined>>>

/** What metrics of these names are. */
const ABOUT: Record<string, Partial<Metric>> = {
  iops: { unit: '/s', better: 'more' },
  'clat.p99': { unit: 'ms', better: 'less' },
  'main.iops': { unit: '/s', better: 'more', main: true },
  score: {}
}

/** @param run `a` becomes 20261122T213015-aaaaaa @param hours after the first of all runs */
export function recordOf(run: string, values: Values, given: Partial<RunRecord> = {}, hours = 0): Opened {
  const names = Object.keys(values)
  const workload = names.flatMap((name, i) => {
    const metrics = values[name] ?? {}
    const samples = Math.max(...Object.values(metrics).map(({ length }) => length))
    return Array.from({ length: samples }, (_, k): WorkEntry => {
      const stated = Object.entries(metrics).flatMap(([metric, all]): Metric[] => {
        const value = all[k]
        return value == null ? [] : [{ name: metric, value, samples: 1, ...ABOUT[metric] }]
      })
      const step = { number: i + 1, name, sample: k + 1 }
      return { step, exit: stated.length === 0 ? 1 : 0, duration: 1000, timedOut: false, metrics: stated }
    })
  })
  const begun = BEGUN + hours * HOUR
  const record: RunRecord = {
    ...runRecord,
    ...{ run: idOf(run), name: 'bench', workload, created: begun, begun, ended: begun + 600_000, took: 600_000 },
    spec: specOf({ command: ['./bench'], iterations: names.map(name => ({ name })) }),
    roster: [member('m1', 0), member('m2', 1)],
    ...given
  }
  return { run: record.run, folder: `/results/${record.run}`, record }
}

export const idOf = (run: string) => `20261122T213015-${run.repeat(6).slice(0, 6)}`

export const member = (name: string, rank: number): RunRecord['roster'][number] => ({
  ...{ peer: `12D3KooW${name.repeat(22).slice(0, 44)}`, name, rank, capabilities },
  tools: [{ group: 'default', tool: 'proc', options: {} }]
})

/** Seeded values around a middle, at most `percent` away. */
export function around(middle: number, percent: number, samples: number, seed = 1): number[] {
  const random = randomFrom(seed)
  return Array.from({ length: samples }, () => middle * (1 + (percent / 100) * (2 * random() - 1)))
}
