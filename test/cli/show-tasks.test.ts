/** What the tasks of a run came to: `bak show`, its JSON, and the last lines of `bak run`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { percentilesIn, tasksByIteration } from '../../cli/result/task-groups.ts'
import type { SampleTasks } from '../../cli/result/tasks.ts'
import { warningsOf } from '../../cli/show/task-warnings.ts'
import { formatTasks } from '../../cli/show/tasks.ts'
import { answersAtEnd } from '../../cli/verdict.ts'
import type { EndedEvent } from '../../protocols/events.ts'
import { RECORD_FILE, tasksFileOf } from '../../protocols/layout.ts'
import { medianOf } from '../../protocols/quantiles.ts'
import { writeRecord } from '../../protocols/record.ts'
import type { TaskResult } from '../../protocols/tasks/tasks-file.ts'
import { type LoadResult, type LoadShape, loadResult } from '../helpers/load-result.ts'
import { ended, startBak } from './fake.ts'

const test = suite('tasks of a result')
let folder = ''
test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), 'bak-show-tasks-'))
})
test.after.each(() => rmSync(folder, { recursive: true }))

const HEALTH = { workers: 2, busy: 0.2, lag: 0.4, lagMax: 3, overhead: 0.05 }
const show = (...words: string[]) => startBak(['--home', join(folder, 'none'), 'show', folder, ...words]).ended
const make = (shape: Omit<LoadShape, 'folder'> = {}) => loadResult({ folder, seconds: 6, ...shape })
const samplesOf = ({ files }: LoadResult): SampleTasks[] => files.map(({ step, tasks }) => ({ step, ...tasks }))
const textOf = (made: LoadResult, isWhole = false, width = 79) =>
  formatTasks(made.record, samplesOf(made), isWhole, width).join('\n\n')

test('stand before what the machines did, a part each', async () => {
  make({ stall: { at: 4, ms: 350 } })
  const { stdout, stderr, status } = await show()
  assert.is(status, 0, stderr)
  const parts = [
    /^run: +\S+ search-load\n[\s\S]*\ntasks: +index \(4 clients\), search \(8 clients\) with update \(2 clients\)\nfolder: /,
    /\nservers: http:\/\/10\.0\.0\.7:8080 nginx\/1\.22\.1, http:\/\/10\.0\.0\.8:8080 nginx\/1\.22\.1\n/,
    /\ntask: +index of 1-default; medians of 2 samples\nclients: +4, operation bulk, as fast as they can\nrequests: +\d+ in 8\.01 s, none failed; \d+ more of warm-up\n/,
    /\nthroughput: mean [\d,]+, median [\d,]+, min [\d,]+, max [\d,]+ docs\/s; by the second, median [\d,]+ docs\/s\nTIME +MEAN +P50 +P90 +P99 +P99\.9 +MAX\nlatency +[\d.]+ ms/,
    /\ntask: +search of 1-default; medians of 2 samples\nclients: +8, 200 ops\/s asked\nrequests: +1600 in /,
    /\ntargets: +800 to http:\/\/10\.0\.0\.7:8080.*, 800 to http:\/\/10\.0\.0\.8:8080/,
    /\nMEMBER +CLIENTS +REQUESTS +FAILED +P50 +P99 +MAX +BUSY +LAG +OVERHEAD\nm1 +4 +800 +\d+ .* 21 % +0\.4 ms +50 µs\nm2 /,
    /\nTASK +OF +WARNING\nsearch +1-default +\d+ failed \([\d.]+ %\): /,
    /\nbusiest disk: /
  ]
  let at = -1
  for (const part of parts) {
    const found = stdout.search(part)
    assert.ok(found > at, `${part}\n${stdout}`)
    at = found
  }
  assert.not.match(stdout, /\nexit: /)
})

test('fit a terminal of 80 columns', () => {
  const text = textOf(make({ members: 9, lost: 'm2' }))
  assert.equal(
    text.split('\n').filter(line => line.length > 79),
    []
  )
  assert.match(text, /\nm2 \(lost\) +1 +\d+ /)
})

test('are medians over the samples, and sums of what is counted', () => {
  const made = make({ samples: 3 })
  const own = made.files.map(({ tasks }) => tasks.tasks.find(({ task }) => task === 'search') as TaskResult)
  const p99 = medianOf(own.map(({ latency }) => latency?.percentiles['99'] ?? 0))
  const [, latency = ''] = /task: +search[\s\S]*?\nlatency +(.*)/.exec(textOf(made)) ?? []
  assert.is(latency.split(/ {2,}/)[3], `${p99.toPrecision(3)} ms`)
  assert.match(textOf(made), new RegExp(`requests: +${own.reduce((sum, { samples }) => sum + samples, 0)} in`))
})

test('of samples that failed are left out, unless there are no others', () => {
  const made = make()
  const failing = (samples: number[]) => ({
    ...made.record,
    workload: made.record.workload.map(each =>
      samples.includes(each.step.sample) ? { ...each, exit: undefined, error: 'status 503' } : each
    )
  })
  const of = (samples: number[]) => tasksByIteration(samplesOf(made), failing(samples))
  assert.equal(
    of([1]).map(({ results, failed }) => [results.length, failed]),
    [1, 1, 1].map(length => [length, undefined])
  )
  const said = formatTasks(failing([1]), samplesOf(made), false, 200).at(-1)
  assert.match(said ?? '', /\nindex +1-default\/sample1 +.*status 503\n/)
  assert.equal(
    of([1, 2]).map(({ results, failed }) => [results.length, failed]),
    [2, 2, 2].map(length => [length, true])
  )
})

test('say what may be wrong with their numbers', () => {
  const made = make({ samples: 1 })
  const [index] = tasksByIteration(samplesOf(made), made.record)
  const [plain] = index?.results ?? []
  const said = (change: Partial<TaskResult>) =>
    warningsOf({ iteration: { number: 1, name: 'a' }, task: 'index', results: [{ ...plain, ...change } as TaskResult] })
  assert.equal(said({}), [])
  const cases: Array<[Partial<TaskResult>, string]> = [
    [{ samples: 0, latency: undefined }, 'it ended during its warm-up: nothing was measured'],
    [{ ended: 'cut' }, 'it was cut short'],
    [
      {
        members: plain?.members.map(each => ({
          ...each,
          health: { ...HEALTH, busy: each.member === 'm2' ? 0.97 : 0.2 }
        }))
      },
      'the driver of m2 was the bottleneck: its busiest thread worked 97 % of the time'
    ],
    [{ unsent: 12 }, '12 requests were due and not sent: the target could not keep up, or there are too few clients'],
    [{ exact: false }, 'percentiles are of merged histograms, within 0.1 %'],
    [{ samples: 1000, failed: 5, errors: [{ kind: 'timeout', count: 5 }] }, '5 failed (0.5 %): timeout 5'],
    [{ members: plain?.members.map(each => ({ ...each, lost: true as const })) }, 'nothing came any more of m1, m2']
  ]
  for (const [change, sentence] of cases) assert.equal(said(change), [sentence])
})

test('have percentiles in their order, and only those that all samples have', () => {
  const of = (...keys: string[]) => ({
    ...{ mean: 1, min: 1, max: 1, histogram: '' },
    percentiles: Object.fromEntries(keys.map(key => [key, 1]))
  })
  assert.equal(percentilesIn([of('50', '99.9', '100'), undefined]), ['50', '99.9', '100'])
  assert.equal(percentilesIn([of('50', '99.9', '100'), of('50', '100')]), ['50', '100'])
  assert.equal(percentilesIn([]), [])
})

test('are in --json without what is drawn', async () => {
  const made = make()
  const { tasks } = JSON.parse((await show('--json')).stdout)
  assert.equal(
    tasks.map((each: { sample: string }) => each.sample),
    ['1-default/sample1', '1-default/sample2']
  )
  const [first] = tasks[0].tasks
  const own = made.files[0]?.tasks.tasks[0]
  assert.equal(first.latency.percentiles, own?.latency?.percentiles)
  assert.is(first.throughput.mean, own?.throughput.mean)
  assert.is(tasks[0].elements.length, 2)
  assert.not.match(JSON.stringify(tasks), /histogram|"rows"|"seconds"/)
})

test('whose file is damaged are named, and the rest is shown', async () => {
  const { files } = make()
  writeFileSync(join(folder, tasksFileOf((files[0] as LoadResult['files'][number]).step)), '{"format": 2}')
  const { stdout, status } = await show()
  assert.is(status, 0)
  assert.match(stdout, /\nFILE +CANNOT BE READ\n1-default\/sample1\/tasks\.json +.*format/)
  assert.match(stdout, /\ntask: +search of 1-default\n/)
})

test('end a run with a line each, whatever its verdict is', async () => {
  make({ iterations: ['a', 'b'], tasks: [{ task: 'search', clients: 2, rate: 50, service: 4, failing: 0.1 }] })
  const ending = (more: Partial<EndedEvent>) => answersAtEnd(ended({ folder, ...more }) as EndedEvent)
  const [a, b, rest] = await ending({})
  const line = (iteration: string) =>
    new RegExp(
      `^search of ${iteration}: [\\d.]+ ops/s, latency p50 [\\d.]+ ms, p99 [\\d.]+ ms, max [\\d.]+ ms, [\\d.]+ % failed \\(2 samples\\)$`
    )
  assert.match(a ?? '', line('1-a'))
  assert.match(b ?? '', line('2-b'))
  assert.match(rest ?? '', /^busiest disk: /)
  assert.equal(await ending({ verdict: 'threshold' }), [a, b])
})

test('are metrics of each member, where members are asked for', async () => {
  const { files } = make({ lost: 'm2' })
  const bak = (...words: string[]) => startBak(['--home', join(folder, 'none'), 'metrics', folder, ...words]).ended
  const { stdout, status } = await bak('--member', 'm1,m2', '--metric', 'search.*')
  assert.is(status, 0)
  const own = files.map(({ tasks }) => tasks.tasks.find(({ task }) => task === 'search')?.members ?? [])
  const counts = (member: string) => own.map(all => all.find(each => each.member === member)?.samples).join(', ')
  for (const member of ['m1', 'm2'])
    assert.match(stdout, new RegExp(`\\n${member} +1-default +search\\.samples .* ${counts(member)}\\n`))
  assert.match(stdout, /\nm1 +1-default +search\.latency\.p99 +[\d.]+ ms /)
  assert.not.match(stdout, /search\.throughput /)
  assert.match((await bak('--metric', 'search.throughput')).stdout, /1-default +search\.throughput +[\d.]+ ops\/s/)
})

test('of a search are those of the values around the knee', async () => {
  const iterations = ['a', 'b', 'c', 'd', 'e', 'f']
  const made = make({ iterations, samples: 1, tasks: [{ task: 'search', clients: 2, rate: 50, service: 4 }] })
  const tried = (number: number, over: number) => ({ number, value: 100 * number, samples: 1, over })
  const knee = {
    parameter: 'search.target_throughput',
    found: 'between' as const,
    holds: tried(5, 0),
    breaks: tried(6, 1)
  }
  const record = { ...made.record, knee }
  writeFileSync(join(folder, RECORD_FILE), writeRecord(record))
  const lines = await answersAtEnd(ended({ folder }) as EndedEvent)
  assert.match(lines[0] ?? '', /^search of 5-e: /)
  assert.match(lines[1] ?? '', /^busiest disk/)
  const shown = [...textOf({ ...made, record }).matchAll(/task: +search of (\S+)/g)].map(([, iteration]) => iteration)
  assert.equal(shown, ['1-a', '2-b', '5-e', '6-f'])
})

test('of which nothing was measured say so at the end of a run', async () => {
  const { record } = make({ samples: 1, tasks: [{ task: 'search', clients: 2, rate: 50, service: 4 }] })
  const workload = record.workload.map(each => ({
    ...each,
    metrics: [{ name: 'search.samples', value: 0, samples: 1 }]
  }))
  writeFileSync(join(folder, RECORD_FILE), writeRecord({ ...record, workload }))
  const [first] = await answersAtEnd(ended({ folder }) as EndedEvent)
  assert.is(first, 'search: ended during its warm-up: nothing was measured')
})

test.run()
