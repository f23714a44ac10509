/** Members, and the controller, that are lost while workloads run: what ends, what goes on, and what the record says. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { goneWithin, processesWith, record, type Started, uniqueSleep, useTestnet } from '../helpers/mesh.ts'
import { until } from '../helpers/until.ts'
import { endOf, startFile, workload } from '../helpers/workloads.ts'

const test = suite('members lost in mid work')
const net = useTestnet(test, { peers: ['a', 'b', 'c', 'd'] })

const started = (run: Started, member: string) =>
  run.until(event => event.type === 'work' && event.member === member && event.state === 'started')
const text = (mark: string, line: string, policy: string) =>
  workload('long', `setsid sleep ${mark} & exec sleep ${mark}`, 'on = "b"') +
  workload('short', line, 'on = "d"') +
  `[policy]\n${policy}\n`

test('a member whose daemon is killed leaves nothing, and the run goes on without it where the quorum can be met', async () => {
  const mark = uniqueSleep()
  const run = await startFile(net(), 'c', text(mark, 'sleep 4', 'quorum = 3\nlost_timeout = 1'))
  await started(run, 'b')
  await until(() => processesWith(mark).length >= 2, { what: 'it runs' })
  await net().stopPeer('b', 'SIGKILL')
  await goneWithin(mark, 5_000)
  const ended = await endOf(net(), 'c', run)
  await net().startPeer('b')
  assert.is(ended.status, 0, ended.stderr)
  assert.equal([ended.record.verdict, ended.record.partial], ['ok', true])
  assert.equal(
    ended.record.excluded.map(({ name, phase, code }) => [name, phase, code]),
    [['b', 'work', 'lost']]
  )
  const [missing] = ended.record.shortfalls
  assert.equal([missing?.kind, missing?.what, missing?.member], ['workload', 'long', 'b'])
  assert.match(missing?.reason ?? '', /^no result: it could not be reached for 1 s/)
  assert.equal(
    ended.record.workload.map(({ name }) => name),
    ['short']
  )
  const verified = await net().bak('c', ['verify', ended.run])
  assert.is(verified.status, 0, verified.stderr + verified.stdout)
})

test('where the policy says so, or the quorum needs it, a member that is lost ends the run', async () => {
  for (const policy of ['quorum = 3\non_lost = "end"', 'quorum = "all"']) {
    const mark = uniqueSleep()
    const run = await startFile(net(), 'c', text(mark, `exec sleep ${mark}`, `${policy}\nlost_timeout = 1`))
    await Promise.all(['b', 'd'].map(each => started(run, each)))
    await net().stopPeer('b', 'SIGKILL')
    const ended = await endOf(net(), 'c', run)
    await goneWithin(mark, 2_000)
    await net().startPeer('b')
    assert.is(ended.status, 3, ended.stderr)
    assert.match(ended.record.reason ?? '', /^b: lost while the workload ran; (policy.on_lost is end|4 of 4 members)/)
    assert.ok((ended.record.took ?? 0) < 30_000)
    assert.is((await net().bak('c', ['verify', ended.run])).status, 0)
  }
})

test('a member whose daemon is started again in time says that what ran has ended, and nothing is run a second time', async () => {
  const mark = uniqueSleep()
  const run = await startFile(net(), 'c', text(mark, 'sleep 1', 'lost_timeout = 30'))
  await started(run, 'b')
  await net().stopPeer('b', 'SIGKILL')
  await net().startPeer('b')
  const ended = await endOf(net(), 'c', run)
  assert.is(ended.status, 1, ended.stderr)
  assert.match(ended.record.reason ?? '', /long on b: ended by SIGKILL: the daemon of this member was restarted/)
  const starts = ended.events.filter(
    event => event.type === 'work' && event.member === 'b' && event.state === 'started'
  )
  assert.is(starts.length, 1)
  assert.equal(processesWith(mark), [])
  assert.is((await net().bak('c', ['verify', ended.run])).status, 0)
})

test('a controller that is killed leaves nothing on members once its lease is over, and its run has failed', async () => {
  const mark = uniqueSleep()
  const line = `echo kept; exec sleep ${mark}`
  const run = await startFile(net(), 'c', `${workload('long', line, 'on = "a,b"')}[policy]\nlease = 3\n`)
  await Promise.all(['a', 'b'].map(each => started(run, each)))
  await net().stopPeer('c', 'SIGKILL')
  await run.finished
  await goneWithin(mark, 15_000)
  await net().startPeer('c')
  await until(() => record(net(), 'c', run.run).state === 'ended', { timeout: 15_000, what: 'it is over' })
  assert.is(record(net(), 'c', run.run).verdict, 'failed')
  const verified = await net().bak('c', ['verify', run.run])
  assert.is(verified.status, 0, verified.stderr + verified.stdout)
})

test.run()
