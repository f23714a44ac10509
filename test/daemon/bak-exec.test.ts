/** `bak exec` on real daemons: on all members once, with their exit codes, and ended everywhere by Ctrl-C. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bakNode, processesWith, uniqueSleep, useTestnet } from '../helpers/mesh.ts'
import { until } from '../helpers/until.ts'

const test = suite('bak exec')
const names = ['a', 'b', 'c']
const net = useTestnet(test, {
  peers: names,
  // the owner of c lets others sleep there
  args: name => (name === 'c' ? ['--allow-exec', 'sleep *'] : [])
})

test('runs a command on those that are selected, and prints their lines and exit codes', async () => {
  const { status, stdout, stderr } = await net().bak('b', [
    'exec',
    '--on',
    'a,b',
    '--',
    'sh',
    '-c',
    'echo on $0; exit 0',
    'it'
  ])
  assert.is(status, 0, stderr)
  assert.equal(stdout.trimEnd().split('\n').sort(), ['a/exec | on it', 'b/exec | on it'])
  assert.match(stderr, /^MEMBER {2}EXIT {2}TOOK\na {7}0 {5}\S+ \w+\nb {7}0 {5}\S+ \w+\n$/)
  const { runs } = JSON.parse((await net().bak('b', ['ls', '--json'])).stdout)
  assert.is(runs.at(-1).name, 'exec')
  assert.is((await net().bak('a', ['logs', runs.at(-1).run])).stdout.length, stdout.length)
})

test('exits with 1 where it failed on a member', async () => {
  const { status, stderr } = await net().bak('a', [
    'exec',
    '--on',
    'a,b',
    '--',
    'sh',
    '-c',
    'test $BAK_RANK = 0 || { echo no >&2; exit 7; }'
  ])
  assert.is(status, 1)
  assert.match(stderr, /^b\/exec \| no\n/)
  assert.match(stderr, /^a {7}0 .*\nb {7}7 .* no\nrun \S+: workload failed in .*: exec on b: exit 7/m)
})

test('exits with 3 where an owner allows it not, and says by which rule', async () => {
  const { status, stdout, stderr } = await net().bak('a', ['exec', '--', 'id'])
  assert.is(status, 3)
  assert.is(stdout, '')
  assert.match(stderr, /^c +- +- +join: .*allow\.exec/m)
  assert.match(stderr, /^run \S+: quorum not met/m)
})

test('names every member on which the program is not there', async () => {
  const { status, stderr } = await net().bak('a', ['exec', '--on', 'a,b', '--', 'no-such-program'])
  assert.is(status, 3)
  for (const name of ['a', 'b'])
    assert.match(stderr, new RegExp(`^${name} +- +- +join: workload exec: no-such-program not found on PATH`, 'm'))
})

test('names a member that takes no runs now', async () => {
  await bakNode(net(), 'b', ['drain'])
  try {
    await net().until('a', members => members.some(({ name, state }) => name === 'b' && state === 'draining'))
    const { status, stderr } = await net().bak('a', ['exec', '--on', 'all', '--', 'sleep', '0'])
    assert.is(status, 0, stderr)
    assert.match(stderr, /^b +- +- +draining$/m)
  } finally {
    await bakNode(net(), 'b', ['drain', '--off'])
  }
})

test('is killed after its time everywhere', async () => {
  const time = uniqueSleep()
  const { status, stderr } = await net().bak('a', ['exec', '--on', 'a,b', '--timeout', '0.5', '--', 'sleep', time])
  assert.is(status, 1)
  for (const name of ['a', 'b']) assert.match(stderr, new RegExp(`^${name} +SIG\\w+, timed out`, 'm'))
  await until(() => processesWith(time).length === 0)
})

test('is ended everywhere by Ctrl-C', async () => {
  const time = uniqueSleep()
  const child = net().spawnBak('a', ['exec', '--', 'sleep', time])
  await until(() => processesWith(time).length >= 4, { what: 'it runs on all three' })
  child.kill('SIGINT')
  const status = await new Promise(resolve => child.on('close', resolve))
  assert.is(status, 4)
  assert.is(processesWith(time).length, 0)
})

test.run()
