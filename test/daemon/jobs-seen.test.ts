/** What people see of jobs on real daemons: on the peer that drives the run and on another one, and the files that they ask for. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { useTestnet } from '../helpers/mesh.ts'
import { runFile } from '../helpers/workloads.ts'

const test = suite('what people see of jobs')
const net = useTestnet(test, { peers: ['a', 'b'] })

const file = () =>
  runFile(
    net(),
    `[[job]]
name = "lib"
on = "b"
script = 'mkdir outputs/tree; echo "$FLAVOUR" > outputs/tree/lib; chmod +x outputs/tree/lib'
outputs = ["tree"]
[[job]]
name = "app"
on = "b"
needs = ["lib"]
script = 'cp -r inputs/lib/tree outputs/app'
outputs = ["app"]
[[job]]
name = "bad"
on = "b"
[job.phases]
check = 'echo "bad thing"; exit 3'
[[job]]
name = "site"
needs = ["bad"]
script = 'true'
`
  )

test('a run that fails says why, on every peer, and still brings what other jobs made', async () => {
  const [out, junit] = [join(net().folder, 'out'), join(net().folder, 'junit.xml')]
  const flags = ['--env', 'FLAVOUR=mint', '--explain', '--fetch', out, '--junit', junit]
  const ended = await net().bak('a', ['run', file(), ...flags])
  assert.is(ended.status, 1, ended.stderr)
  const chain =
    'site skipped <- bad failed on b, attempt 1: exit 3 in phase check\n  last lines of bad:\n  | bad thing\n  its log: bak job log '
  assert.ok(ended.stderr.includes(chain), ended.stderr)
  assert.match(ended.stderr, /\n {2}lib {3}done on b {4}\S.*\n {2}app {3}done on b /)
  assert.match(ended.stderr, /1 output of jobs in .*out: 5 B, 5 B of them from other peers\n/)
  assert.match(ended.stderr, /\napp: app\/ 5 B, [0-9a-f]{16} on b\n/)
  assert.is(readFileSync(join(out, 'app/app/lib'), 'utf8'), 'mint\n')
  assert.is(statSync(join(out, 'app/app/lib')).mode & 0o100, 0o100)
  assert.equal(existsSync(join(out, 'lib')), false, 'a job that another one needs is no result')
  assert.match(
    readFileSync(junit, 'utf8'),
    /sample1\/bad" time="[\d.]+"><failure message="bad failed on b, attempt 1: exit 3/
  )

  const elsewhere = await net().bak('b', ['attach', 'last', '--quiet'])
  assert.is(elsewhere.status, 1)
  assert.match(
    elsewhere.stderr,
    /\nsite skipped <- bad failed on b, attempt 1: exit 3 in phase check\nthe result is on a\n$/
  )
  const shown = await net().bak('a', ['show', 'last'])
  assert.ok(shown.stdout.includes(chain), shown.stdout)
})

test('the same again says that results are known, and --no-cache runs all of it', async () => {
  const again = await net().bak('a', ['run', file(), '--env', 'FLAVOUR=mint', '--explain'])
  assert.match(again.stderr, /\n {2}lib {3}reused {7}its result is known\n {2}app {3}reused {7}its result is known\n/)
  const made = await net().bak('b', ['artifact', 'ls', '--run', 'last'])
  // one content, made by both
  assert.match(made.stdout, / (lib\/tree, app\/app|app\/app, lib\/tree) .* (a, b|b, a) /)
  const forced = await net().bak('a', ['run', file(), '--env', 'FLAVOUR=mint', '--explain', '--no-cache'])
  assert.match(forced.stderr, /\n {2}lib {3}done on b /)
})

test.run()
