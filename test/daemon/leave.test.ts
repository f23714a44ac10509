import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { BAK_NODE } from '../../testnets/programs.ts'
import { finished, goneWithin, processesWith, startRun, useTestnet } from '../helpers/mesh.ts'

const leave = suite('draining and leaving')
const net = useTestnet(leave, { peers: ['a', 'b', 'c'] })

const user = () => join(net().folder, 'user')
const spawnNode = (name: string, words: string[], home = net().peer(name).home): ChildProcess =>
  spawn(BAK_NODE, words, {
    env: { ...process.env, BAK_HOME: home, HOME: user(), XDG_CACHE_HOME: '', XDG_CONFIG_HOME: '' },
    stdio: ['ignore', 'pipe', 'pipe']
  })
const node = (name: string, words: string[], home?: string) => finished(spawnNode(name, words, home))
const waitFor = (file: string) => `until [ -e ${file} ]; do sleep 0.1; done`

leave(
  'drain --wait returns when the run is over; the peer takes no new one, says so by name, and answers',
  async () => {
    const done = join(net().folder, 'go-1')
    const run = await startRun(net(), 'a', ['--tools', 'proc', '--', 'sh', '-c', waitFor(done)])
    await run.until(event => event.type === 'workload-started')
    const late = await node('b', ['drain', '--wait', '1s'])
    assert.is(late.status, 75)
    assert.match(late.stderr, new RegExp(`still in progress after 1s: ${run.run}; this peer stays drained`))
    const waiting = node('b', ['drain', '--wait', '2m'])
    await net().until('a', members => members.some(({ name, state }) => name === 'b' && state === 'draining'))
    appendFileSync(done, 'x')
    assert.equal([(await run.finished).status, (await waiting).status, (await waiting).stdout], [0, 0, 'draining\n'])
    const refused = await net().bak('a', ['run', '--on', 'b', '--tools', 'none', '--', 'true'])
    assert.is(refused.status, 3)
    assert.match(refused.stderr, /b \(draining\)/)
    const own = await net().bak('b', ['run', '--tools', 'none', '--', 'true'])
    assert.equal([own.status, /drain --off/.test(own.stderr)], [75, true])
    assert.is((await net().bak('b', ['status'])).status, 0)
    assert.is((await node('b', ['drain', '--off'])).stdout, 'standby\n')
  }
)

leave('drain without sense is wrong usage', async () => {
  for (const words of [['--wait', 'soon'], ['--off', '--wait', '1s'], ['--wait']]) {
    assert.is((await node('b', ['drain', ...words])).status, 64, String(words))
  }
})

leave('leave while a run goes on is refused, and so is what would lose data', async () => {
  const done = join(net().folder, 'go-2')
  const run = await startRun(net(), 'a', ['--tools', 'proc', '--', 'sh', '-c', waitFor(done)])
  await run.until(event => event.type === 'workload-started')
  for (const words of [['leave'], ['leave', '--purge']]) {
    const { status, stderr } = await node('b', words)
    assert.is(status, 75)
    assert.match(stderr, new RegExp(`runs in progress: ${run.run}`))
  }
  appendFileSync(done, 'x')
  assert.is((await run.finished).status, 0)
  const { status, stderr } = await node('a', ['leave', '--purge'])
  assert.is(status, 77)
  assert.match(stderr, /results of .*\n.*founder of a mesh that has other peers/)
  assert.is((await node('a', ['leave'])).status, 77, 'the founder')
  assert.is((await net().members('a')).filter(({ state }) => state === 'alive').length, 3, 'nothing has happened')
})

leave(
  'leave: gone for the others at once, the mesh forgotten, the rest kept; a ticket leads back, as the same peer',
  async () => {
    const { home } = net().peer('b')
    const before = (await net().members('b')).find(({ name }) => name === 'b')
    const began = Date.now()
    const { status, stdout } = await node('b', ['leave'])
    assert.equal([status, stdout], [0, `left the mesh; key, settings and results are still in ${home}\n`])
    await net().until('a', members => members.some(({ name, state }) => name === 'b' && state === 'left'), 3_000)
    assert.ok(Date.now() - began < 10_000)
    assert.equal([existsSync(join(home, 'mesh.json')), existsSync(join(home, 'peers.json'))], [false, false])
    assert.ok(existsSync(join(home, 'key')))
    const again = await node('b', ['leave'])
    assert.equal([again.status, again.stdout], [0, `${home} is in no mesh\n`])
    await net().startPeer('b')
    await net().until('a', members => members.some(({ peer, state }) => peer === before?.peer && state === 'alive'))
  }
)

leave('leave --purge: gone for the others at once, nothing left on the machine, twice as well as once', async () => {
  const { home } = net().peer('c')
  assert.is((await node('c', ['install', '--user'])).status, 0)
  const unit = join(user(), '.config/systemd/user/bak-node.service')
  assert.ok(existsSync(unit))
  const precious = join(net().folder, 'precious')
  mkdirSync(precious)
  writeFileSync(join(precious, 'file'), 'data')
  symlinkSync(precious, join(home, 'inbox', 'link'))
  const { status, stdout } = await node('c', ['leave', '--purge'])
  assert.equal([status, stdout], [0, `removed ${unit}\ndeleted ${home}\n`])
  await net().until('a', members => members.some(({ name, state }) => name === 'c' && state === 'left'), 3_000)
  await goneWithin(home, 5_000)
  // the cache of compiled code is shared with other homes of this user
  assert.equal([existsSync(home), existsSync(unit), existsSync(join(user(), '.cache/bak'))], [false, false, true])
  assert.is(readFileSync(join(precious, 'file'), 'utf8'), 'data')
  const again = await node('c', ['leave', '--purge'])
  assert.equal([again.status, again.stdout], [0, `${home} does not exist: there is nothing to leave\n`])
})

leave('purge of what is no home deletes nothing', async () => {
  const folder = join(net().folder, 'photos')
  mkdirSync(join(folder, 'runs'), { recursive: true })
  const link = join(net().folder, 'link')
  symlinkSync(net().peer('a').home, link)
  for (const [home, why] of [
    [folder, /is not a home of bak-node/],
    [link, /is a link/]
  ] as const) {
    const { status, stderr } = await node('a', ['leave', '--purge', '--force'], home)
    assert.is(status, 77, stderr)
    assert.match(stderr, why)
  }
  assert.equal(readdirSync(folder), ['runs'])
})

leave('with --force the founder goes, with its results, while its run goes on', async () => {
  const { home } = net().peer('a')
  const run = await startRun(net(), 'a', ['--tools', 'none', '--', 'sleep', '4000'])
  await run.until(event => event.type === 'workload-started')
  const { status, stdout, stderr } = await node('a', ['leave', '--purge', '--force'])
  assert.equal([status, stdout], [0, `deleted ${home}\n`], stderr)
  await run.finished
  assert.equal(processesWith(home), [])
  await net().until('b', members => members.some(({ name, state }) => name === 'a' && state === 'left'), 3_000)
})
leave.run()
