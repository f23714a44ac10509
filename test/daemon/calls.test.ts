/** Calls of a lone command: real daemons. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { BAK } from '../../testnets/programs.ts'
import { record, startRun, useTestnet } from '../helpers/mesh.ts'

const calls = suite('calls of a lone command')
const net = useTestnet(calls, { peers: ['a', 'b', 'c'] })

const runScript = async (script: string) => {
  const run = await startRun(net(), 'c', ['--tools', 'none', '--sysinfo', 'none', '--', 'sh', '-c', script])
  const { status, stderr } = await run.finished
  const folder = join(net().peer('c').home, 'runs', run.run)
  const text = (file: string) => readFileSync(join(folder, '1-default/sample1/workload/c', file), 'utf8')
  return { ...run, status, stderr, folder, text }
}

calls('its socket is its own, and gone with it; its client is the first bak on its PATH', async () => {
  const { status, text, stderr } = await runScript(
    'echo "$BAK_SOCK"; command -v bak; bak put k v && bak get k && bak barrier x && stat -c %a "$BAK_SOCK"; ls -d .bak'
  )
  const [socket = '', client = '', ...rest] = text('stdout.txt').trim().split('\n')
  assert.is.not(socket, join(net().peer('c').home, 'bak.sock'), stderr)
  assert.equal(rest, ['v', '600'])
  assert.match(client, /\/\.bak\/bin\/bak$/)
  assert.not(existsSync(socket) || existsSync(client))
  assert.not(existsSync(join(net().peer('c').home, 's')) && readdirSync(join(net().peer('c').home, 's')).length > 0)
  // ls failed: the client is not in the folder of the caller
  assert.is(status, 1)
})

calls('its socket answers nothing of the daemon', async () => {
  const { text } = await runScript(
    'printf "GET /v1/status HTTP/1.1\\r\\nHost: x\\r\\n\\r\\nquit\\n" | perl -e \'socket($s,1,1,0); connect($s, pack("Sa108",1,$ENV{BAK_SOCK})) or die; select($s); $|=1; print while <STDIN>; select(STDOUT); print while <$s>\''
  )
  assert.match(text('stdout.txt'), /^error 64 there is no call "GET"/)
  assert.not.match(text('stdout.txt'), /HTTP\/1.1 200|peer/)
})

calls('samples and periods are in its folder of the result, and periods are events of the run', async () => {
  const { status, events, text, run } = await runScript(
    'bak period begin steady; bak sample latency 1.5 ms; bak period end steady; bak sample n 7'
  )
  assert.is(status, 0)
  const lines = text('metrics.ndjson')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  assert.equal(
    lines.map(({ at, ...rest }) => rest),
    [
      { type: 'period', name: 'steady', edge: 'begin' },
      { type: 'sample', name: 'latency', value: 1.5, unit: 'ms' },
      { type: 'period', name: 'steady', edge: 'end' },
      { type: 'sample', name: 'n', value: 7 }
    ]
  )
  const periods = events.filter(event => event.type === 'period')
  assert.equal(
    periods.map(event => event.type === 'period' && [event.by, event.name, event.edge]),
    [
      ['c/command', 'steady', 'begin'],
      ['c/command', 'steady', 'end']
    ]
  )
  const { created } = record(net(), 'c', run)
  for (const { at } of lines) assert.ok(at > created && at < Date.now())
  assert.is((await net().bak('c', ['verify', run])).status, 0)
})

calls('the bak of the package makes the same calls, and says from where where there is no run', async () => {
  const { status, text } = await runScript(
    `${BAK} put k - < /proc/self/comm; ${BAK} get k; ${BAK} barrier x --timeout 5; ${BAK} sample n -5; ${BAK} barrier x --count 3; echo $?; ${BAK} publish t a b; ${BAK} subscribe t --count 1 --timeout 5`
  )
  assert.equal([status, text('stdout.txt')], [0, 'sh\n64\na b\n'])
  assert.match(text('stderr.txt'), /^bak: barrier x: --count 3, and the group has 1 instance$/m)
  const outside = await net().bak('c', ['barrier', 'x'])
  assert.equal(
    [outside.status, outside.stderr],
    [69, 'bak: bak barrier is called from inside of a workload: BAK_SOCK is not set here\n']
  )
})

calls('nothing of one sample is there in the next', async () => {
  const run = await startRun(net(), 'c', [
    ...['--tools', 'none', '--sysinfo', 'none', '--samples', '2', '--'],
    ...['sh', '-c', 'bak get k --timeout 0.1; bak put k v; bak get k']
  ])
  assert.is((await run.finished).status, 0)
  for (const sample of ['sample1', 'sample2']) {
    const folder = join(net().peer('c').home, 'runs', run.run, '1-default', sample, 'workload/c')
    assert.is(readFileSync(join(folder, 'stderr.txt'), 'utf8'), 'bak: k has no value after 0.1 s\n')
  }
})

calls.run()
