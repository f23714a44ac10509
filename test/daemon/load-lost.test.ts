/** Members and the controller that are lost in mid task: what ends, what goes on, and that what had come is counted exactly. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { allSamples, resultOf, taskOf, tasksIn } from '../helpers/load.ts'
import { goneWithin, record, useTestnet } from '../helpers/mesh.ts'
import { needsNginx, useNginx } from '../helpers/nginx.ts'
import { skipWhere } from '../helpers/skip.ts'
import { until } from '../helpers/until.ts'
import { type EndedRun, endOf, startFile } from '../helpers/workloads.ts'

const all = suite('members lost in mid task')
const net = useTestnet(all, { peers: ['a', 'b', 'c'] })
const test = skipWhere(needsNginx(), all)
const nginx = useNginx(all)

const onBoth = '[load]\non = "a,b"\n'
const policyOf = (quorum: string) => `[policy]\nquorum = ${quorum}\nlost_timeout = 1\n`
const getFor = (path: string, seconds: number) =>
  taskOf('get', `${nginx().origin}${path}`, `clients = 4\ntime_period = ${seconds}\ntarget_throughput = 400`)

/** Starts the run on c, and kills the daemon of b once clients of both have been measured. */
async function loseB(text: string) {
  const started = await startFile(net(), 'c', text)
  await started.until(event => event.type === 'load' && (event.tasks[0]?.samples ?? 0) > 200)
  await net().stopPeer('b', 'SIGKILL')
  const ended = await endOf(net(), 'c', started)
  await net().startPeer('b')
  return ended
}

async function verify({ run }: Pick<EndedRun, 'run'>): Promise<void> {
  const { status, stdout, stderr } = await net().bak('c', ['verify', run])
  assert.is(status, 0, stderr + stdout)
}

/** What each member's clients have sent, by the log of the server: a has the first two clients, b the others. */
async function sentBy(path: string, atLeast: number): Promise<{ a: number; b: number }> {
  const own = async () =>
    (await nginx().requests(0)).filter(each => each.method === 'GET' && each.path.startsWith(path))
  await until(async () => (await own()).length >= atLeast)
  const ofA = (await own()).filter(each => /\/[01]$/.test(each.path)).length
  return { a: ofA, b: (await own()).length - ofA }
}

test('a driver whose daemon is killed fails a run that needs all, by name; what it brought counts, and its clients end', async () => {
  const ended = await loseB(`${policyOf('"all"')}${onBoth}${getFor('/needed/{client}', 600)}`)
  await goneWithin(`${net().peer('b').home}/work/${ended.run}`, 5_000)
  assert.is(ended.status, 3, ended.stderr)
  assert.match(ended.record.reason ?? '', /^b: lost while the workload ran/)
  assert.equal(
    ended.record.excluded.map(({ name, phase, code }) => [name, phase, code]),
    [['b', 'work', 'lost']]
  )
  const get = resultOf(tasksIn(net(), 'c', ended), 'get')
  const [a, b] = get.members
  assert.equal([get.ended, b?.member, b?.lost], ['cut', 'b', true])
  assert.is(allSamples(get), allSamples(a) + allSamples(b))
  const sent = await sentBy('/needed', allSamples(get))
  // what was open when it was cut is no sample
  assert.ok(sent.a - allSamples(a) <= 2, `a sent ${sent.a}`)
  assert.ok((b?.samples ?? 0) > 0 && sent.b >= (b?.samples ?? 0), `b sent ${sent.b}, of which ${b?.samples} came`)
  await verify(ended)
})

test('where the quorum can be met without it the run goes on, is partial and names its clients; the others are counted to the last', async () => {
  const ended = await loseB(
    `${policyOf('2')}${onBoth}${getFor('/spared/{client}', 5)}${taskOf('after', `${nginx().origin}/after`, 'clients = 4\niterations = 5')}`
  )
  assert.is(ended.status, 0, ended.stderr)
  assert.equal([ended.record.verdict, ended.record.partial], ['ok', true])
  const file = tasksIn(net(), 'c', ended)
  const [get, after] = ['get', 'after'].map(each => resultOf(file, each))
  const [a, b] = get?.members ?? []
  assert.equal([get?.ended, b?.lost, a?.lost], ['schedule', true, undefined])
  const sent = await sentBy('/spared', allSamples(get))
  assert.is(sent.a, allSamples(a), 'all that the other sent is counted')
  assert.is(after?.samples, 10, 'nobody takes over the clients of who is lost')
  const missing = ended.record.shortfalls.filter(({ kind }) => kind === 'workload')
  assert.equal(
    missing.map(({ what, member }) => `${what} on ${member}`),
    ['get on b', 'after on b']
  )
  for (const { reason } of missing) assert.match(reason, /no result: it could not be reached for 1 s/)
  await verify(ended)
})

test('a controller that is killed in mid task leaves no clients behind once its lease is over, and its run has failed', async () => {
  const started = await startFile(net(), 'c', `[policy]\nlease = 3\n${onBoth}${getFor('/orphaned/{client}', 600)}`)
  await started.until(event => event.type === 'load' && (event.tasks[0]?.samples ?? 0) > 50)
  await net().stopPeer('c', 'SIGKILL')
  await started.finished
  for (const peer of ['a', 'b']) await goneWithin(`${net().peer(peer).home}/work/${started.run}`, 15_000)
  await net().startPeer('c')
  await until(() => record(net(), 'c', started.run).state === 'ended', { timeout: 15_000, what: 'it is over' })
  assert.is(record(net(), 'c', started.run).verdict, 'failed')
  await verify(started)
})

all.run()
