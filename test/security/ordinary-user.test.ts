/** A daemon of an ordinary user observes less, says so beforehand, and its runs are ok. Real daemons. */
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { record, Testnet } from '../helpers/mesh.ts'
import { needs, skipWhere } from '../helpers/skip.ts'

const NOBODY = 65_534
const USER = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--']
const suited = suite('what an ordinary user observes')
const reason = process.getuid?.() === 0 ? needs('setpriv') : 'only root can start a daemon of another user'
const test = skipWhere(reason, suited)
let net: Testnet
let folder: string

/** `a` is root's; `b` is an ordinary user's, whose owner has a tool that needs root. */
suited.before(async () => {
  if (reason != null) return
  folder = mkdtempSync(join(tmpdir(), 'bak-ordinary-'))
  chmodSync(folder, 0o755)
  for (const path of ['b', 'b/tools.d', 'owner']) mkdirSync(join(folder, path), { mode: 0o700 })
  const counters = 'command = ["sleep", "60"]\nneeds = { root = true, privilege = "to read the counters" }\n'
  writeFileSync(join(folder, 'b/tools.d/counters.toml'), counters, { mode: 0o600 })
  for (const path of ['b', 'b/tools.d', 'b/tools.d/counters.toml', 'owner'])
    chownSync(join(folder, path), NOBODY, NOBODY)
  const enter = [...USER, 'env', `HOME=${join(folder, 'owner')}`]
  const listen = '/ip4/127.0.0.1/tcp/0'
  net = await Testnet.start({
    ...{ folder, peers: ['a'] },
    place: name => ({ enter: name === 'b' ? enter : [], listen })
  })
  net.add('b')
  await net.startPeer('b')
  await net.until('a', members => members.filter(({ state }) => state === 'alive').length === 2)
})
suited.after(async () => {
  await net?.stop()
  if (folder != null) rmSync(folder, { recursive: true, force: true })
})

test('bak tools and bak check say which tools need a privilege that it lacks, and what others show less of', async () => {
  const shown = await net.bak('a', ['tools', 'counters', '--on', 'b'])
  assert.match(shown.stdout, /^needs: +the program sleep; to read the counters$/m)
  assert.match(shown.stdout, /^b +no +- +needs root: to read the counters$/m)
  const checked = await net.bak('a', ['check', '--on', 'b', '--tools', 'proc,counters'])
  assert.is(checked.status, 78)
  assert.match(checked.stdout, /^b: counters is missing: needs root: to read the counters$/m)
  const planned = await net.bak('a', ['run', '--dry-run', '--on', 'b', '--tools', 'proc,counters', '--', 'true'])
  assert.match(planned.stdout, /counters.*needs root: to read the counters/)
})

test('a run with such tools is ok: it has what can be observed, and the reason for the rest', async () => {
  const run = await net.bak('a', ['run', '--json', '--on', 'b', '--tools', 'proc,counters', '--', 'sleep', '0.3'])
  assert.is(run.status, 0, run.stderr)
  const { run: id } = JSON.parse(run.stdout.split('\n')[0] as string)
  const { shortfalls, excluded } = record(net, 'a', id)
  assert.equal(excluded, [])
  assert.equal(
    shortfalls?.map(({ what, reason }) => [what, reason]),
    [['counters', 'needs root: to read the counters']]
  )
  const data = join(net.peer('a').home, 'runs', id, '1-default/sample1/tools-default/b')
  assert.ok(readFileSync(join(data, 'proc/cpu.csv'), 'utf8').split('\n').length > 2)
  assert.not(existsSync(join(data, 'counters')))
})

skipWhere(reason ?? needs('pidstat'), suited)(
  'pidstat shows less there: the run is ok, has its data and says what is not in it',
  async () => {
    const why = /pidstat: without root it shows the I\/O of your own processes only/
    const run = await net.bak('a', [
      'run',
      '--json',
      '--interval',
      '1',
      '--on',
      'b',
      '--tools',
      'pidstat',
      '--',
      'sleep',
      '2.5'
    ])
    assert.is(run.status, 0, run.stderr)
    const { run: id } = JSON.parse(run.stdout.split('\n')[0] as string)
    assert.equal(record(net, 'a', id).shortfalls, [])
    assert.match(JSON.stringify(record(net, 'a', id)), why)
    const data = join(net.peer('a').home, 'runs', id, '1-default/sample1/tools-default/b/pidstat/pidstat-stdout.txt')
    assert.match(readFileSync(data, 'utf8'), /UID +PID/)
    const checked = await net.bak('a', ['check', '--on', 'b', '--tools', 'pidstat'])
    assert.equal([checked.status, /pidstat is degraded: without root/.test(checked.stdout)], [0, true])
  }
)

test('the tools of bak that need a privilege are named before the run, by the same words in it, and the run is ok', async () => {
  const names = ['proc', 'perf', 'turbostat', 'bpftrace', 'tcpdump', 'blktrace', 'trace-cmd']
  const told = await net.bak('a', ['check', '--json', '--on', 'b', '--tools', names.join(',')])
  const findings = told.stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { tool: string; state: string; reason?: string })
  assert.equal(
    findings.map(({ tool }) => tool),
    names
  )
  const missing = findings.filter(({ state }) => state === 'missing')
  assert.ok(
    missing.some(({ tool }) => tool === 'bpftrace'),
    'an ordinary user loads no programs into the kernel'
  )
  for (const { tool, reason } of missing) assert.match(reason as string, new RegExp(`^${tool}: .{8,}$`))
  const run = await net.bak('a', ['run', '--json', '--on', 'b', '--tools', names.join(','), '--', 'sleep', '1'])
  assert.is(run.status, 0, run.stderr)
  const { run: id } = JSON.parse(run.stdout.split('\n')[0] as string)
  const { shortfalls = [], excluded } = record(net, 'a', id)
  assert.equal(excluded, [])
  for (const { tool, reason } of missing)
    assert.ok(
      shortfalls.some(({ what, reason: why }) => what === tool && `${tool}: ${why}` === reason),
      `${reason}\n${JSON.stringify(shortfalls)}`
    )
})

suited.run()
