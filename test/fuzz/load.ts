/** What members bring of tasks, and files of what came of it. */
import * as v from 'valibot'
import { SampleLoad } from '../../node/run/load/sample-load.ts'
import { check, decode, encode } from '../../protocols/codec.ts'
import { stepFolder } from '../../protocols/layout.ts'
import { spec as specSchema } from '../../protocols/spec.ts'
import { LogHistogram } from '../../protocols/tasks/histogram.ts'
import { decodeHistogram, encodeHistogram } from '../../protocols/tasks/histogram-codec.ts'
import { loadNow } from '../../protocols/tasks/load-now.ts'
import { loadStreamProtocol } from '../../protocols/tasks/load-stream.ts'
import { readTasksFile } from '../../protocols/tasks/read-tasks-file.ts'
import { tasksFile } from '../../protocols/tasks/tasks-file.ts'
import { loadPlanOf } from '../../protocols/tasks/workers.ts'
import { workEntry } from '../../protocols/work-entry.ts'
import { blockOf, hourly, step } from '../helpers/load-blocks.ts'
import { ownFile, type ReaderInit } from './files.ts'

const http = { type: 'http', url: 'http://10.0.0.7/' }
const spec = check(specSchema, { tools: [], task: [{ name: 't', operation: http, clients: 2 }] })

function newLoad(): SampleLoad {
  const load = new SampleLoad(step, loadPlanOf(spec, [{ host: 'a', cores: 2 }]), hourly())
  load.begin(1, () => 0)
  return load
}

function histogram(): Uint8Array {
  const sizes = new LogHistogram()
  for (const each of [0, 5, 5, 3_000, 70_000]) sizes.record(each)
  return encodeHistogram(sizes)
}

const samples = [
  { due: 0, latency: 5, warmup: true },
  { due: 10, latency: 7, failed: 'timeout' }
]
const histogramBlock = {
  ...{
    type: 'histograms',
    seq: 1,
    step,
    element: 1,
    task: 't',
    second: 3,
    warmup: false,
    samples: 5,
    failed: 1,
    unit: 'ops'
  },
  ...{ sums: { latency: 73_010, service: 73_010 }, operations: 4, errors: [{ kind: 'timeout', count: 1 }] },
  ...{ latency: histogram(), service: histogram(), processing: histogram() }
}
const status = {
  ...{ type: 'status', step, element: 1, workers: 1, busy: 0.5, lag: 1 },
  tasks: [{ task: 't', clients: 2, progress: 0.5, sent: 3, done: 2 }]
}

async function file(): Promise<string> {
  const load = newLoad()
  load.take('a', blockOf(samples))
  await load.end(1)
  return JSON.stringify(load.file)
}
const whole = await file()

/** Ends it, and reads what would be shown and written of it. @throws where that cannot be read */
async function endOf(load: SampleLoad): Promise<void> {
  v.parse(loadNow, load.now())
  v.parse(v.array(workEntry), load.entries())
  for (const { latency, service, processing } of (await load.end(1))?.results ?? [])
    for (const each of [latency, service, processing])
      if (each != null) decodeHistogram(Buffer.from(each.histogram, 'base64'))
  v.parse(tasksFile, JSON.parse(JSON.stringify(load.file)))
}

export const loadReaders: ReaderInit[] = [
  {
    name: 'samples of a member',
    refusals: ['bad-message'],
    good: () => [blockOf(samples), histogramBlock, status].map(encode),
    read: bytes => {
      const message = decode(loadStreamProtocol.request, bytes)
      if (message.type === 'open') return
      const load = newLoad()
      load.take('a', message)
      return endOf(load)
    }
  },
  {
    name: 'columns of samples',
    refusals: ['bad-message'],
    good: () => [blockOf(samples).columns],
    read: columns => {
      const load = newLoad()
      load.take('a', { ...blockOf(samples), columns })
      return endOf(load)
    }
  },
  {
    name: 'histogram',
    refusals: ['bad-message'],
    good: () => [histogram()],
    read: bytes => decodeHistogram(bytes).quantiles([0, 0.5, 1])
  },
  {
    name: 'tasks.json',
    refusals: ['damaged'],
    good: () => [whole, JSON.stringify({ format: 1, elements: [], tasks: [] })],
    file: ownFile(`${stepFolder(step)}/tasks.json`),
    read: (_, world) => readTasksFile(ownFile('')(world), step)
  }
]
