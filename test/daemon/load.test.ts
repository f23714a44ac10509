/** Tasks on members of a mesh of real daemons, with a real nginx as their target. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { allSamples, resultOf, taskOf, tasksIn } from '../helpers/load.ts'
import { useTestnet } from '../helpers/mesh.ts'
import { needsNginx, useNginx } from '../helpers/nginx.ts'
import { skipWhere } from '../helpers/skip.ts'
import { until } from '../helpers/until.ts'
import { type EndedRun, endOf, runWorkloads, startFile } from '../helpers/workloads.ts'

const all = suite('tasks on members')
const net = useTestnet(all, { peers: ['a', 'b', 'c'] })
const test = skipWhere(needsNginx(), all)
const nginx = useNginx(all)

const onBoth = '[load]\non = "a,b"\n'
const runTasks = (text: string) => runWorkloads(net(), 'c', text)
const tasksOf = (ended: EndedRun) => tasksIn(net(), 'c', ended)
async function verify({ run }: EndedRun): Promise<void> {
  const { status, stdout, stderr } = await net().bak('c', ['verify', run])
  assert.is(status, 0, stderr + stdout)
}
const metricOf = ({ record }: EndedRun, name: string) =>
  record.workload.flatMap(({ metrics = [] }) => metrics).find(each => each.name === name)?.value
/** Requests of paths that begin so, without those by which targets were tried; the log is written a little later. */
async function logged(path: string, atLeast: number): Promise<string[]> {
  const fits = (each: { path: string; method: string }) => each.path.startsWith(path) && each.method !== 'HEAD'
  await until(async () => (await nginx().requests(0)).filter(fits).length >= atLeast)
  return (await nginx().requests(0)).filter(fits).map(each => each.path)
}

/** Of the member's own file of all requests: an independent reader of what was measured. */
function rawLatencies({ run }: EndedRun, member: string): number[] {
  const path = join(net().peer('c').home, 'runs', run, '1-default/sample1/workload', member, 'load/samples.csv')
  const [head = '', ...lines] = readFileSync(path, 'utf8').trim().split('\n')
  const names = head.split(',')
  const [type, latency] = [names.indexOf('type'), names.indexOf('latency')]
  return lines
    .map(line => line.split(','))
    .filter(cells => cells[type] === 'normal')
    .map(cells => Number(cells[latency]))
}

/** By linear interpolation between the two nearest. */
function percentile(values: number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (p / 100) * (sorted.length - 1)
  const [low, high] = [sorted[Math.floor(at)] as number, sorted[Math.ceil(at)] as number]
  return low + (high - low) * (at % 1)
}

test('two drivers send at the rate that was asked for, every sample arrives, and percentiles are those of the raw samples', async () => {
  const lines = 'clients = 8\nwarmup_time_period = 1\ntime_period = 3\ntarget_throughput = 2000'
  const ended = await runTasks(`${onBoth}samples = "raw"\n${taskOf('get', `${nginx().origin}/steady`, lines)}`)
  assert.is(ended.status, 0, ended.stderr)
  const file = tasksOf(ended)
  const get = resultOf(file, 'get')
  assert.equal([get.failed, get.ended, get.exact, get.clients], [0, 'schedule', true, 8])
  assert.equal(
    get.members.map(({ member, clients }) => [member, clients]),
    [
      ['a', 4],
      ['b', 4]
    ]
  )
  assert.is((await logged('/steady', allSamples(get))).length, allSamples(get), 'each request is a sample')
  assert.is(
    get.members.reduce((sum, each) => sum + allSamples(each), 0),
    allSamples(get)
  )
  const due = 2000 * 3
  assert.ok(Math.abs(get.samples + (get.unsent ?? 0) - due) <= due * 0.02, `${get.samples} and ${get.unsent} unsent`)
  const raw = ['a', 'b'].flatMap(member => rawLatencies(ended, member))
  assert.is(raw.length, get.samples)
  for (const p of [50, 90, 99])
    for (const told of [get.latency?.percentiles[p] as number, metricOf(ended, `get.latency.p${p}`) as number]) {
      const read = percentile(raw, p)
      assert.ok(Math.abs(told - read) <= read * 0.01 + 0.002, `p${p} is ${told}, and ${read} in the raw samples`)
    }
  assert.is(metricOf(ended, 'get.samples'), get.samples)
  const [element] = file.elements
  const joined = ended.events.find(event => event.type === 'join-point')
  assert.equal(joined?.type === 'join-point' && [joined.element, joined.skew], [1, element?.skew])
  assert.ok((element?.skew ?? Number.NaN) >= 0, 'the skew of the clients is told')
  await verify(ended)
})

test('a server that stands still for 350 ms is slow in latency, and in service time only for those that were waiting', async () => {
  const lines = 'clients = 4\ntime_period = 3\ntarget_throughput = 400'
  const started = await startFile(net(), 'c', `${onBoth}${taskOf('get', `${nginx().origin}/still`, lines)}`)
  await started.until(event => event.type === 'phase-open' && event.part === 'tasks')
  await new Promise(resolve => setTimeout(resolve, 1_200))
  process.kill(nginx().pid, 'SIGSTOP')
  await new Promise(resolve => setTimeout(resolve, 350))
  process.kill(nginx().pid, 'SIGCONT')
  const ended = await endOf(net(), 'c', started)
  assert.is(ended.status, 0, ended.stderr)
  const { latency, service, samples } = resultOf(tasksOf(ended), 'get')
  assert.ok((latency?.max ?? 0) >= 340 && (service?.max ?? 0) >= 340, 'somebody waited for it')
  // what was due meanwhile came late: a tenth of all requests, and four of them were open
  const [late, open] = [latency?.percentiles[95] ?? latency?.percentiles[90] ?? 0, service?.percentiles[90] ?? 0]
  assert.ok(samples > 1_000 && late > 3 * open, `latency ${late} ms, service time ${open} ms`)
})

test('a task on one member completes that of another, and the next element waits for both', async () => {
  const parallel = '[[parallel]]\nname = "both"\ncompleted_by = "short"\n'
  const ended = await runTasks(
    `${onBoth}${parallel}` +
      taskOf(
        'long',
        `${nginx().origin}/long`,
        'clients = 2\nparallel = "both"\ntime_period = 600\ntarget_throughput = 100'
      ) +
      taskOf(
        'short',
        `${nginx().origin}/short`,
        'clients = 2\nparallel = "both"\niterations = 30\ntarget_throughput = 60'
      ) +
      taskOf('after', `${nginx().origin}/after`, 'clients = 4\niterations = 5')
  )
  assert.is(ended.status, 0, ended.stderr)
  const file = tasksOf(ended)
  const [long, short, after] = ['long', 'short', 'after'].map(each => resultOf(file, each))
  assert.equal([long?.ended, short?.ended, after?.ended], ['completed', 'schedule', 'schedule'])
  assert.equal([short?.samples, after?.samples], [60, 20])
  assert.equal(
    long?.members.map(({ member }) => member),
    ['a']
  )
  assert.equal(
    short?.members.map(({ member }) => member),
    ['b']
  )
  assert.ok((long?.samples ?? 0) > 20 && (long?.samples ?? 0) < 3_000, `${long?.samples}`)
  const parts = ended.events.flatMap(event =>
    event.type === 'phase-closed' && event.part != null ? [`${event.part} ${event.element ?? ''}`] : []
  )
  assert.equal(parts, ['prepare ', 'tasks 1', 'complete 1', 'tasks 2'])
  const paths = await logged('/', allSamples(long) + 80)
  assert.ok(paths.lastIndexOf('/long') < paths.indexOf('/after'), 'nothing of the next element before the join point')
  await verify(ended)
})

test('Ctrl-C in mid task keeps what was measured and marks it; setup and teardown happen once', async () => {
  const once = (name: string) =>
    `[[operation]]\nname = "${name}"\ntype = "http"\nurl = "${nginx().origin}/once/${name}"\n`
  const started = await startFile(
    net(),
    'c',
    `${once('fill')}${once('begin')}${once('clean')}${onBoth}prepare = ["fill", "fill"]\nsetup = ["begin"]\nteardown = ["clean"]\n` +
      taskOf('get', `${nginx().origin}/cut`, 'clients = 4\ntime_period = 600\ntarget_throughput = 200')
  )
  await started.until(event => event.type === 'load' && (event.tasks[0]?.samples ?? 0) > 100)
  started.kill('SIGINT')
  const ended = await endOf(net(), 'c', started)
  assert.is(ended.status, 4, ended.stderr)
  const get = resultOf(tasksOf(ended), 'get')
  assert.is(get.ended, 'cut')
  assert.ok(get.samples > 100 && get.samples < 20_000, `${get.samples}`)
  assert.is(metricOf(ended, 'get.samples'), get.samples)
  // what was open when it was cut is no sample
  const sent = (await logged('/cut', get.samples)).length
  assert.ok(sent >= get.samples && sent <= get.samples + 4, `${sent} were sent, and ${get.samples} are samples`)
  const done = (await logged('/once', 6)).map(path => path.slice('/once/'.length))
  assert.equal(done.toSorted(), ['begin', 'clean', 'fill', 'fill', 'fill', 'fill'])
  assert.equal([done.indexOf('begin'), done.indexOf('clean')], [4, 5])
  assert.is(ended.record.verdict, 'cancelled')
  await verify(ended)
})

test('errors end a run where its policy says so, and a threshold ends it in mid task; what was measured is kept', async () => {
  const busy = (lines = '') =>
    taskOf('get', `${nginx().origin}/status/503`, `clients = 4\ntime_period = 600\ntarget_throughput = 200\n${lines}`)
  const aborted = await runTasks(`${onBoth}on_error = "abort"\n${busy()}`)
  assert.is(aborted.status, 1, aborted.stderr)
  assert.match(aborted.record.reason ?? '', /status 503/)
  assert.is(resultOf(tasksOf(aborted), 'get').ended, 'cut')
  const threshold = '[[threshold]]\nmetric = "get.error_rate"\nmax = 5\nstop = true\nafter = 1\n'
  const stopped = await runTasks(`${onBoth}${busy()}${threshold}`)
  assert.is(stopped.status, 99, stopped.stderr)
  assert.match(stopped.record.reason ?? '', /^get\.error_rate of 1-default is 100 %, max 5 .*while the task went on/)
  const get = resultOf(tasksOf(stopped), 'get')
  assert.ok(get.ended === 'cut' && get.failed === get.samples && get.samples > 100, `${get.ended} ${get.failed}`)
  // what nobody answered well is no result, whatever the policy is
  const failing = await runTasks(
    `${onBoth}${taskOf('get', `${nginx().origin}/status/503`, 'clients = 2\niterations = 5')}`
  )
  assert.is(failing.status, 1, failing.stderr)
  assert.match(failing.record.reason ?? '', /each of its 10 requests failed: status 503/)
  for (const each of [aborted, stopped, failing]) await verify(each)
})

all.run()
