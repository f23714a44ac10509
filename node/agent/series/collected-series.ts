/** What collectors on the controller have of the members' tools becomes series, too: one file a member and collector, among the files of the controller. */
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { asBakError } from '../../../protocols/errors.ts'
import { collectedSeriesFile, collectorFolder } from '../../../protocols/layout.ts'
import type { CollectedRun } from '../../collectors/collected-run.ts'
import { type CollectorName, collectorOf } from '../../collectors/collector.ts'
import { DATA_FOLDER } from '../../collectors/prometheus.ts'
import type { Log } from '../../log.ts'
import type { Supervisor } from '../../processes/supervisor.ts'
import { convertFiles } from './convert-files.ts'
import type { FoundFile } from './find-files.ts'
import { makeSeries } from './series-thread.ts'

/** For all members together, ms: the run ends later by so much at most. */
const TIME_MS = 180_000

/** Never rejects: without series the data of the collectors is there all the same. */
export async function makeCollectedSeries(
  run: CollectedRun,
  { supervisor, log }: { supervisor: Pick<Supervisor, 'spawn'>; log: Log },
  signal: AbortSignal
): Promise<void> {
  const until = performance.now() + TIME_MS
  for (const member of run.members) {
    for (const collector of ['prometheus', 'pcp'] as const) {
      const files = filesOf(run, member, collector)
      if (files.length === 0 || performance.now() > until || signal.aborted) continue
      try {
        await makeOne(run, { member, collector, files, until, supervisor, signal })
      } catch (cause) {
        const { code, message: why } = asBakError(cause)
        log.warn('no series of a collector', { run: run.run, member: member.name, collector, code, why })
      }
    }
  }
}

/** @returns what a program has to print, by the reader of the collector */
function filesOf(
  { folder, began, interval }: CollectedRun,
  member: CollectedRun['members'][number],
  of: CollectorName
) {
  const tools = [...new Set(member.tools.filter(each => collectorOf(each) === of).map(({ tool }) => tool))]
  const root = join(folder, collectorFolder(of))
  return tools.flatMap((tool): FoundFile[] => {
    const about = { tool, file: of, options: {}, interval, began }
    const reader = { collected: of, drop: Object.keys(member.labels).map(prometheusName) }
    if (of === 'prometheus') {
      const data = join(root, DATA_FOLDER)
      const match = `--match={member=${JSON.stringify(member.name)},job=${JSON.stringify(tool)}}`
      const convert = () => ['promtool', 'tsdb', 'dump', match, data]
      return existsSync(data)
        ? [{ path: data, shown: `${collectorFolder(of)}/${DATA_FOLDER}`, about, reader, convert }]
        : []
    }
    return archivesIn(join(root, member.name)).map(path => ({
      ...{ path, shown: path.slice(folder.length + 1), about, reader },
      convert: () => ['pmdumplog', '-l', '-d', '-m', '-Z', 'UTC', path]
    }))
  })
}

/** Names of labels as Prometheus has them. */
const prometheusName = (label: string) => label.replace(/[^A-Za-z0-9_]/g, '_')

/** @returns the paths of archives of PCP, without the ends of their files */
function archivesIn(folder: string): string[] {
  const names = existsSync(folder) ? readdirSync(folder).sort() : []
  return names.filter(name => name.endsWith('.meta')).map(name => join(folder, name.slice(0, -'.meta'.length)))
}

interface One {
  member: CollectedRun['members'][number]
  collector: CollectorName
  files: FoundFile[]
  until: number
  supervisor: Pick<Supervisor, 'spawn'>
  signal: AbortSignal
}

async function makeOne({ run, folder, began }: CollectedRun, of: One): Promise<void> {
  const { member, collector, files, until, supervisor, signal } = of
  const target = join(folder, collectedSeriesFile(collector, member.name))
  // beside the result, which has nothing else than what belongs into it
  const scratch = await mkdtemp(`${folder}.series-`)
  try {
    const time = until - performance.now()
    const printed = await convertFiles(files, { supervisor, folder: scratch, time, signal })
    // Prometheus has the controller's times already
    const clock = collector === 'prometheus' ? { offset: 0, bound: 0 } : member.clock
    const output = join(scratch, 'series.parquet')
    const info = { run, member: member.name, clock, began }
    const job = { output, info, ...printed, givenUp: [], time: until - performance.now() }
    const { points } = await makeSeries(job, signal)
    if (points === 0) return
    await mkdir(dirname(target), { recursive: true })
    await rename(output, target)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
