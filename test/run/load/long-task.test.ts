/** Ten minutes of a task at 20,000 requests a second: neither memory nor the work for a second grows with its length. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SampleLoad } from '../../../node/run/load/sample-load.ts'
import { check } from '../../../protocols/codec.ts'
import { spec as specSchema } from '../../../protocols/spec.ts'
import { LogHistogram } from '../../../protocols/tasks/histogram.ts'
import { encodeHistogram } from '../../../protocols/tasks/histogram-codec.ts'
import { packColumns } from '../../../protocols/tasks/sample-block.ts'
import { EXACT_SAMPLES, loadPlanOf } from '../../../protocols/tasks/workers.ts'
import { columnsOf, hourly, step } from '../../helpers/load-blocks.ts'

const long = suite('a long task')

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
const memory = async () => {
  // buffers are freed a turn after the objects that had them
  for (let i = 0; i < 3; i++) {
    collect()
    await nextTurn()
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return (heapUsed + arrayBuffers) / 2 ** 20
}

const RATE = 20_000
const SECONDS = 600
const MEMBERS = ['a', 'b']

long('takes as much memory behind ten minutes as behind two, and counts all of it', async () => {
  const http = { type: 'http', url: 'http://10.0.0.7/' }
  const spec = check(specSchema, {
    tools: [],
    task: [{ name: 't', operation: http, clients: 64, time_period: SECONDS }]
  })
  const load = new SampleLoad(
    step,
    loadPlanOf(
      spec,
      MEMBERS.map(host => ({ host, cores: 2 }))
    ),
    hourly()
  )
  load.begin(1, () => 0)
  const each = RATE / MEMBERS.length
  const share = EXACT_SAMPLES / MEMBERS.length
  const latencies = Array.from({ length: each }, (_, i) => 0.5 + ((i * 7_919) % each) / 1_000)
  const { columns } = columnsOf(latencies.map((latency, i) => ({ due: (i * 1_000) / each, latency, client: i % 64 })))
  const sizes = new LogHistogram()
  for (const latency of latencies) sizes.record(latency * 1_000)
  const sum = latencies.reduce((total, latency) => total + Math.round(latency * 1_000), 0)
  const histogram = encodeHistogram(sizes)
  const portions = [0, 1, 2].map(i => [(i * each) / 3, ((i + 1) * each) / 3].map(Math.floor) as [number, number])
  const about = { step, element: 1, task: 't', unit: 'ops' }
  const bring = (member: string, second: number) => {
    if ((second + 1) * each > share) {
      const sums = { latency: sum, service: sum }
      const all = { ...about, second, warmup: false, samples: each, failed: 0, sums, operations: each, errors: [] }
      const [latency, service, processing] = [histogram, histogram, histogram]
      return load.take(member, { type: 'histograms', seq: 1, ...all, latency, service, processing })
    }
    for (const [from, to] of portions) {
      const part = Object.fromEntries(
        Object.entries(columns).map(([key, column]) => [key, column.slice(from, to)])
      ) as typeof columns
      for (const column of [part.due, part.sent])
        column.forEach((moment, i) => {
          column[i] = moment + second * 1_000
        })
      load.take(member, {
        type: 'samples',
        seq: 1,
        ...about,
        kinds: [],
        samples: to - from,
        columns: packColumns(part)
      })
    }
  }
  let early = 0
  for (let second = 0; second < SECONDS; second++) {
    for (const member of MEMBERS) bring(member, second)
    load.now()
    if (second === 120) early = await memory()
  }
  const grown = (await memory()) - early
  assert.ok(grown < 8, `${grown.toFixed(1)} MiB more behind ten minutes than behind two`)
  const now = load.now().tasks[0]
  assert.is(now?.samples, RATE * SECONDS)
  const [result] = (await load.end(1))?.results ?? []
  assert.is(result?.samples, RATE * SECONDS)
  assert.not(result?.exact)
  const half = latencies.toSorted((a, b) => a - b)[each / 2] ?? 0
  const told = result?.latency?.percentiles['50'] ?? 0
  assert.ok(Math.abs(told - half) <= half / 500, `${told} instead of ${half}`)
  assert.ok(Math.abs((result?.throughput.median ?? 0) / RATE - 1) < 0.01)
})

long.run()
