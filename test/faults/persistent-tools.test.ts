import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  goneWithin,
  isPhase,
  processesWith,
  record,
  sleep,
  startRun,
  uniqueSleep,
  useTestnet
} from '../helpers/mesh.ts'
import { until } from '../helpers/until.ts'

const faults = suite('persistent tools when something fails')
const net = useTestnet(faults, { peers: ['a', 'b'] })

faults.before.each(async () => {
  for (const name of ['a', 'b']) if (net().peer(name).child == null) await net().startPeer(name)
  await net().until('a', members => members.filter(({ state }) => state === 'alive').length === 2)
})

let files = 0
/** A run file with a persistent tool on b, which says when it begins, and samples that wait for a file each. */
function specOf({ onEnd = 'ignore', samples = 2, more = '', policy = '' } = {}) {
  const mark = uniqueSleep()
  const path = join(net().folder, `faults-${files++}.toml`)
  writeFileSync(
    path,
    `tools = ["x"]
    on = "b"
    samples = ${samples}
    ${more}
    [tool.x]
    command = ["/bin/sh", "-c", "echo begun; exec sleep ${mark}"]
    lifetime = "persistent"
    on_end = "${onEnd}"
    [policy]
    ${policy}`
  )
  const gate = `${path}.gate`
  const open = (sample: number) => writeFileSync(`${gate}${sample}`, '')
  const work = ['sh', '-c', `until [ -e ${gate}$BAK_SAMPLE ]; do sleep 0.05; done`]
  return { path, mark, open, work }
}
const folderOf = (run: string, ...path: string[]) => join(net().peer('a').home, 'runs', run, ...path)
const outputOf = (run: string, ...below: string[]) =>
  readFileSync(folderOf(run, 'tools-default/b/x', ...below, 'x-stdout.txt'), 'utf8')
const verifies = async (run: string) => {
  const { status, stdout, stderr } = await net().bak('a', ['verify', run])
  assert.is(status, 0, stdout + stderr)
}
const runsIn = (run: Awaited<ReturnType<typeof startRun>>, sample: number) =>
  run.until(event => event.type === 'workload-started' && event.step.sample === sample)
const restartB = async () => {
  await net().stopPeer('b', 'SIGKILL')
  await net().startPeer('b')
  await net().until('a', members => members.every(({ state }) => state !== 'lost'))
}

faults('a daemon that is killed names its persistent tool as interrupted, and sends what it had written', async () => {
  const { path, mark, open, work } = specOf()
  const run = await startRun(net(), 'a', [path, '--', ...work])
  await runsIn(run, 1)
  await restartB()
  await goneWithin(mark, 5_000)
  open(1)
  await runsIn(run, 2)
  assert.is(processesWith(mark).length, 0, 'its policy is not to start it again')
  open(2)
  assert.is((await run.finished).status, 0)
  const { shortfalls, excluded } = record(net(), 'a', run.run)
  assert.equal(excluded, [])
  const reason = 'the daemon was restarted: its tools ended then'
  assert.equal(shortfalls, [{ kind: 'tool', member: 'b', what: 'x', reason }])
  assert.is(outputOf(run.run), 'begun\n')
  await verifies(run.run)
})

faults('with restart it is started again with the next sample, and with exclude its member is out', async () => {
  const again = specOf({ onEnd: 'restart' })
  const run = await startRun(net(), 'a', [again.path, '--', ...again.work])
  await runsIn(run, 1)
  await restartB()
  again.open(1)
  await runsIn(run, 2)
  assert.is(processesWith(`sleep ${again.mark}`).length, 1)
  again.open(2)
  assert.is((await run.finished).status, 0)
  assert.is(outputOf(run.run, 'restart1'), 'begun\n')
  const { shortfalls } = record(net(), 'a', run.run)
  assert.ok(shortfalls.some(({ reason }) => / it was started again in 1-default\/sample2$/.test(reason)))
  await verifies(run.run)
  await goneWithin(again.mark, 5_000)

  const out = specOf({ onEnd: 'exclude', policy: 'quorum = 1', more: '' })
  const second = await startRun(net(), 'a', [out.path, '--on', 'a,b', '--', ...out.work])
  await runsIn(second, 1)
  await restartB()
  out.open(1)
  await runsIn(second, 2)
  out.open(2)
  assert.is((await second.finished).status, 0)
  const { excluded } = record(net(), 'a', second.run)
  assert.equal(
    excluded.map(({ name, code, reason }) => [name, code, reason]),
    [['b', 'tool-failed', 'x: the daemon was restarted: its tools ended then']]
  )
  assert.is(outputOf(second.run), 'begun\n', 'what it had written came with the end')
  await verifies(second.run)
  await goneWithin(out.mark, 5_000)
})

faults('with fail the run ends', async () => {
  const { path, mark, open, work } = specOf({ onEnd: 'fail' })
  const run = await startRun(net(), 'a', [path, '--', ...work])
  await runsIn(run, 1)
  await restartB()
  open(1)
  assert.is((await run.finished).status, 74)
  const { verdict, reason } = record(net(), 'a', run.run)
  assert.equal(
    [verdict, reason],
    ['failed', 'x on b: the daemon was restarted: its tools ended then; that fails the run']
  )
  await verifies(run.run)
  await goneWithin(mark, 5_000)
})

faults('a member that is lost until the run is over keeps what its tool wrote, and it is collected', async () => {
  const { path, mark, open, work } = specOf({ samples: 1, policy: 'quorum = 1' })
  const run = await startRun(net(), 'a', [path, '--on', 'a,b', '--', ...work])
  await runsIn(run, 1)
  await net().stopPeer('b', 'SIGKILL')
  open(1)
  assert.is((await run.finished).status, 0)
  assert.not(existsSync(folderOf(run.run, 'tools-default/b')))
  await goneWithin(mark, 10_000)
  await net().startPeer('b')
  await net().until('a', members => members.filter(({ state }) => state === 'alive').length === 2)
  await sleep(500)
  const collected = await net().bak('a', ['collect', run.run])
  assert.is(collected.status, 0, collected.stderr)
  assert.match(collected.stdout, /persistent tools/)
  assert.is(outputOf(run.run), 'begun\n')
  await verifies(run.run)
})

faults('a controller that is lost ends the tool with its lease, and what it wrote is collected later', async () => {
  const { path, mark, work } = specOf({ policy: 'lease = 2' })
  const run = await startRun(net(), 'a', [path, '--', ...work])
  await runsIn(run, 1)
  assert.is(processesWith(`sleep ${mark}`).length, 1)
  // a certificate is written while the next phase is open; one that was not is not proven
  await until(() => readdirSync(folderOf(run.run, 'certificates')).some(name => name.endsWith('-start.cbor')))
  await net().stopPeer('a', 'SIGKILL')
  await goneWithin(`sleep ${mark}`, 10_000)
  await net().startPeer('a')
  await net().until('a', members => members.filter(({ state }) => state === 'alive').length === 2)
  const collect = () => net().bak('a', ['collect', run.run])
  const collected = await until(
    async () => {
      const answer = await collect()
      return /persistent tools/.test(answer.stdout) && answer
    },
    { timeout: 15_000, what: 'the data of the tool is collected' }
  )
  assert.is(collected.status, 0, collected.stderr)
  assert.is(outputOf(run.run), 'begun\n')
  await verifies(run.run)
})

faults('a sample that fails, and a member that drains, do not end it; the run does', async () => {
  const { path, mark, open } = specOf({ samples: 2 })
  const gate = `${path}.gate`
  const run = await startRun(net(), 'a', [
    ...[path, '--', 'sh', '-c'],
    `until [ -e ${gate}$BAK_SAMPLE ]; do sleep 0.05; done; [ $BAK_SAMPLE = 2 ]`
  ])
  await runsIn(run, 1)
  const tool = processesWith(`sleep ${mark}`)
  assert.is(tool.length, 1)
  for await (const _ of net().call('b', 'drain', { on: true }));
  open(1)
  await runsIn(run, 2)
  assert.equal(processesWith(`sleep ${mark}`), tool)
  open(2)
  assert.is((await run.finished).status, 1)
  await goneWithin(mark, 5_000)
  assert.is(outputOf(run.run), 'begun\n')
  assert.ok(run.events.some(isPhase('end', 'phase-closed')))
  await verifies(run.run)
  for await (const _ of net().call('b', 'drain', { on: false }));
})

faults.run()
