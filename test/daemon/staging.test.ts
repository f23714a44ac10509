/** Files and folders that are stored on members, by runs and by `bak stage`, among real daemons. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { noise } from '../artifacts/scratch-artifacts.ts'
import { logOf, record, startRun, useTestnet } from '../helpers/mesh.ts'
import { until } from '../helpers/until.ts'

const test = suite('staging among real daemons')
const net = useTestnet(test, { peers: ['a', 'b', 'c'] })
const MIB = 1024 * 1024

const path = (...parts: string[]) => join(net().folder, ...parts)
const artifactsOf = (peer: string) => join(net().peer(peer).home, 'artifacts')
const bak = (...words: string[]) => net().bak('a', words)
const lines = (text: string) => text.trim().split('\n')

test('a run file stages what lies beside it, once', async () => {
  mkdirSync(path('bench/data'), { recursive: true })
  writeFileSync(path('bench/run.sh'), '#!/bin/sh\n')
  chmodSync(path('bench/run.sh'), 0o755)
  writeFileSync(path('bench/data/big'), noise(3 * MIB))
  writeFileSync(
    path('bench/run.toml'),
    'stage = ["run.sh", "data/"]\ntools = []\nsysinfo = "none"\ncommand = ["true"]\n'
  )
  const fetched = async () => {
    const run = await startRun(net(), 'a', [path('bench/run.toml')])
    const { status, stderr } = await run.finished
    assert.is(status, 0, stderr)
    return { run: run.run, staged: record(net(), 'a', run.run).staged }
  }
  const { run, staged } = await fetched()
  assert.equal(
    staged?.contents.map(({ path }) => path),
    ['run.sh', 'data']
  )
  assert.equal(
    staged?.members.map(({ name, bytes }) => [name, bytes]),
    [
      ['a', 0],
      ['b', 3 * MIB + 10],
      ['c', 3 * MIB + 10]
    ]
  )
  assert.equal(
    (await fetched()).staged?.members.map(({ bytes }) => bytes),
    [0, 0, 0]
  )
  const { stdout } = await bak('show', run, '--all')
  assert.match(stdout, /STAGED +FOR +BYTES +DIGEST\nrun\.sh +- +10 B +[0-9a-f]{16}\ndata +- +3\.0 MiB/)
  assert.match(stdout, /FETCHED BY +BYTES +OF THE CONTROLLER\na +0 B +0 B\nb +3\.0 MiB/)
  assert.is((await bak('verify', run)).status, 0)
})

test('a flag stages from the folder of the caller', async () => {
  writeFileSync(path('bench/one.txt'), 'one')
  const run = await startRun(net(), 'b', ['--stage', 'one.txt', '--tools', 'none', '--', 'true'], path('bench'))
  assert.is((await run.finished).status, 0)
  assert.equal(
    record(net(), 'b', run.run).staged?.contents.map(({ path, bytes }) => [path, bytes]),
    [['one.txt', 3]]
  )
})

test('a link that leads outside is a usage error by its name, and no run begins', async () => {
  mkdirSync(path('bad'))
  symlinkSync('../bench', path('bad/out'))
  const { status, stderr } = await bak('run', '--stage', path('bad'), '--', 'true')
  assert.is(status, 64)
  assert.match(stderr, /bad\/out is a link to \.\.\/bench, which is outside/)
  assert.is((await bak('run', '--dry-run', '--stage', path('nowhere'), '--', 'true')).status, 64)
})

test('bak stage stores without a run, is listed with its name, and is removed again', async () => {
  writeFileSync(path('model.bin'), noise(2 * MIB, 7))
  const staged = await bak('stage', path('model.bin'), '--on', 'all', '--as', 'model', '--pin')
  assert.is(staged.status, 0, staged.stderr)
  assert.equal(
    lines(staged.stdout)
      .slice(1)
      .sort()
      .map(line => line.split(',')[0]),
    ['a: has it', 'b: fetched 2.0 MiB', 'c: fetched 2.0 MiB']
  )
  const again = await bak('stage', path('model.bin'), '--on', 'b')
  assert.match(again.stdout, /\nb: has it\n$/)
  const { stdout } = await bak('stage', 'ls')
  assert.is(lines(stdout).filter(line => / model +\w{16} +file +2\.0 MiB +pinned /.test(line)).length, 3)
  const listed = lines((await bak('stage', 'ls', '--json')).stdout).map(line => JSON.parse(line))
  const { digest } = listed[1].artifacts.find(({ name }: { name: string }) => name === 'model')
  assert.ok(existsSync(join(artifactsOf('c'), digest)))
  const removed = await bak('stage', 'rm', 'model')
  assert.is(removed.status, 0, removed.stderr)
  assert.equal(
    lines(removed.stdout).map(line => line.split(' ')[0]),
    ['a:', 'b:', 'c:']
  )
  for (const peer of ['a', 'b', 'c']) assert.not.ok(existsSync(join(artifactsOf(peer), digest)))
  assert.is((await bak('stage', 'rm', 'model')).status, 66)
})

test('whom a name means that is not here is named, and the others get it', async () => {
  writeFileSync(path('small'), 'small')
  const { status, stdout } = await bak('stage', path('small'), '--on', 'b,nobody')
  assert.is(status, 66)
  assert.match(stdout, /nobody: no peer has this name/)
  assert.match(stdout, /b: fetched 5 B/)
})

test('a member that was killed while it fetched has nothing that counts, and goes on where it was', async () => {
  writeFileSync(path('large.bin'), noise(40 * MIB, 9))
  const fetching = bak('stage', path('large.bin'), '--on', 'c')
  const part = () => readdirSync(artifactsOf('c')).find(name => name.startsWith('part-'))
  await until(() => part() != null)
  await net().stopPeer('c', 'SIGKILL')
  assert.is.not((await fetching).status, 0)
  const digest = part()?.slice('part-'.length) as string
  assert.not.ok(existsSync(join(artifactsOf('c'), digest)))
  await net().startPeer('c')
  await until(async () => (await net().members('a')).find(({ name }) => name === 'c')?.state === 'alive')
  const again = await bak('stage', path('large.bin'), '--on', 'c')
  assert.is(again.status, 0, again.stdout)
  assert.ok(existsSync(join(artifactsOf('c'), digest)))
  assert.not.ok(part())
})

test('what comes and goes again and again leaves daemons as they were', async () => {
  for (let round = 0; round < 3; round++) {
    writeFileSync(path('round.bin'), noise(12 * MIB, 20 + round))
    const staged = await bak('stage', path('round.bin'), '--on', 'all', '--as', 'round')
    assert.is(staged.status, 0, staged.stdout)
    assert.is((await bak('stage', 'rm', 'round')).status, 0)
  }
  for (const peer of ['a', 'b', 'c']) {
    assert.not.match(logOf(net(), peer), /uncaught|unhandled|msg=bug/)
    const open = () => readdirSync(`/proc/${net().peer(peer).child?.pid}/fd`).filter(fd => opens(peer, fd))
    // whoever fetched last still hears that the others have it all
    await until(() => open().length === 0, {
      what: () => `${peer}: ${open().map(fd => readlinkSync(`/proc/${net().peer(peer).child?.pid}/fd/${fd}`))}`
    })
  }
})

/** Whether a file of an artifact is open. */
function opens(peer: string, fd: string): boolean {
  try {
    return readlinkSync(`/proc/${net().peer(peer).child?.pid}/fd/${fd}`).includes('/artifacts/')
  } catch {
    return false
  }
}

test.run()
