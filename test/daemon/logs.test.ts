/** The output of a run on several members: from a peer that takes no part in it, while it goes on and after it, and with a member that is gone. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { TimesReader } from '../../protocols/output-times.ts'
import { startRun, type Testnet, useTestnet } from '../helpers/mesh.ts'
import { until } from '../helpers/until.ts'

const test = suite('the output of members')
const net = useTestnet(test, { peers: ['a', 'b', 'c', 'd'] })

const folder = mkdtempSync(join(tmpdir(), 'bak-logs-'))
test.after(() => rmSync(folder, { recursive: true, force: true }))

/** A run file with clients on a and b, in turn, and a server on c; d looks on. */
function runFile(name: string, lines: string[]): string {
  const path = join(folder, name)
  const common = ['on = "a,b,c"', 'tools = []', 'sysinfo = "none"']
  writeFileSync(path, [...common, ...lines, ''].join('\n'))
  return path
}
const workload = (name: string, on: string, script: string, more: string[] = []) => [
  ...['[[workload]]', `name = "${name}"`, `on = "${on}"`],
  `command = ["sh", "-c", ${JSON.stringify(script)}]`,
  ...more
]
/** Prints every 400 ms, those of b 200 ms later than those of a. */
const inTurn = [
  ...workload('server', 'c', 'echo listening; exec sleep 600', ['role = "server"', 'ready = { line = "listening" }']),
  ...workload('one', 'a', 'for i in 1 2 3 4 5; do echo a$i; sleep 0.4; done'),
  ...workload('two', 'b', 'sleep 0.2; for i in 1 2 3 4 5; do echo b$i; sleep 0.4; done; echo no end >&2; printf end')
]
const linesOf = (text: string) => text.trimEnd().split('\n')
const ran = (net: Testnet, run: string, ...path: string[]) =>
  join(net.peer('a').home, 'runs', run, '1-default', 'sample1', 'workload', ...path)

test('comes from a peer that takes no part, line by line in the order in which it was written', async () => {
  const run = await startRun(net(), 'a', [runFile('turn.toml', inTurn)])
  await run.until(event => event.type === 'work' && event.state === 'started')
  const followed = await net().bak('d', ['logs', run.run, '--follow'])
  assert.is(followed.status, 0, followed.stderr)
  const turns = [1, 2, 3, 4, 5].flatMap(i => [`a/one    | a${i}`, `b/two    | b${i}`])
  assert.equal(linesOf(followed.stdout), ['c/server | listening', ...turns, 'b/two    | end'])
  assert.is(followed.stderr, 'b/two    | no end\n')
  assert.is((await run.finished).status, 0)
  for (const peer of ['a', 'd']) {
    const after = await net().bak(peer, ['logs', run.run])
    assert.is(after.stdout, followed.stdout, peer)
    assert.is(after.stderr, followed.stderr, peer)
  }
  const one = await net().bak('d', ['logs', run.run, '--member', 'b', '--workload', 'two', '--raw'])
  assert.equal([one.stdout, one.stderr], ['b1\nb2\nb3\nb4\nb5\nend', 'no end\n'])
  assert.equal(linesOf((await net().bak('d', ['logs', run.run, '--stderr'])).stdout), [''])
})

test('has its times in the result, which is as it was signed', async () => {
  const run = (await net().bak('a', ['ls', '--json'])).stdout
  const { runs } = JSON.parse(run)
  const id = runs.at(-1).run
  const times = new TimesReader().push(readFileSync(ran(net(), id, 'b', 'two', 'times.txt')))
  assert.is(times.at(-1)?.stdout, 'b1\nb2\nb3\nb4\nb5\nend'.length)
  assert.ok(times.length >= 5, `${times.length} lines`)
  const verified = await net().bak('a', ['verify', id])
  assert.is(verified.status, 0, verified.stdout + verified.stderr)
})

test('without --follow is what there is now', async () => {
  const slow = workload('slow', 'a,b', 'echo begun; sleep 3; echo over')
  const run = await startRun(net(), 'a', [runFile('slow.toml', slow)])
  await run.until(event => event.type === 'work' && event.state === 'started' && event.member === 'b')
  const now = await until(async () => {
    const { stdout } = await net().bak('d', ['logs', run.run])
    return linesOf(stdout).length === 2 && stdout
  })
  assert.equal(linesOf(now).sort(), ['a/slow | begun', 'b/slow | begun'])
  await run.finished
})

test('of several samples is complete and in their order, however short they are', async () => {
  const quick = ['samples = 4', ...workload('quick', 'a,b', 'echo $BAK_SAMPLE', ['instances = 2'])]
  const run = await startRun(net(), 'a', [runFile('quick.toml', quick)])
  const { stdout, stderr } = await net().bak('d', ['logs', run.run, '--follow'])
  await run.finished
  const expected = [1, 2, 3, 4].flatMap(sample =>
    ['a/quick.1', 'a/quick.2', 'b/quick.1', 'b/quick.2'].map(name => `${name} | ${sample}`)
  )
  assert.equal(linesOf(stdout).sort(), expected.sort(), stderr)
  const after = linesOf((await net().bak('d', ['logs', run.run])).stdout)
  assert.equal(
    after.map(line => line.at(-1)),
    [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4].map(String)
  )
  const wrong = await net().bak('d', ['logs', run.run, '--workload', 'quick.3'])
  assert.is(wrong.status, 64)
  assert.match(wrong.stderr, /has no workload quick\.3: there are quick$/m)
  assert.match(
    (await net().bak('d', ['logs', run.run, '--member', 'x'])).stderr,
    /x takes no part in .*: there are a, b, c$/m
  )
})

test('of a member that is gone is named once, and the others go on', async () => {
  const lines = [
    '[policy]',
    'quorum = "majority"',
    'lost_timeout = 1',
    ...workload('long', 'a,b,c', 'for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.5; done')
  ]
  const run = await startRun(net(), 'a', [runFile('gone.toml', lines)])
  await run.until(event => event.type === 'work' && event.state === 'started' && event.member === 'c')
  const child = net().spawnBak('d', ['logs', run.run, '--follow'])
  const said = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) child[stream]?.on('data', data => (said[stream] += data))
  await until(() => said.stdout.includes('c/long | 1'))
  await net().stopPeer('c', 'SIGKILL')
  const status = await new Promise(resolve => child.on('close', resolve))
  assert.is(status, 2, said.stderr)
  assert.match(said.stderr, /^bak: no more output of c: it cannot be reached: [^\n]*\n$/)
  for (const member of ['a', 'b'])
    assert.equal(
      linesOf(said.stdout).filter(line => line.startsWith(`${member}/long`)),
      [1, 2, 3, 4, 5, 6, 7, 8].map(i => `${member}/long | ${i}`)
    )
  await run.finished
  const after = await net().bak('d', ['logs', run.run])
  assert.is(after.status, 2)
  assert.match(after.stderr, /^bak: no more output of c\/long: it was excluded in work: .*; bak collect /m)
  await net().startPeer('c')
})

test.run()
