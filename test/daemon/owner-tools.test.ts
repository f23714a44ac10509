/** Tools of the owners of machines, and `bak tools`: real daemons. */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ToolsOfMember } from '../../cli/views/tool-views.ts'
import { readRunFile } from '../../protocols/run-file.ts'
import { bakNode, record, untilLogged, useTestnet } from '../helpers/mesh.ts'
import { until } from '../helpers/until.ts'

const own = suite('tools of the owners of machines')
const net = useTestnet(own, { peers: ['a', 'b', 'c'], args: name => (name === 'c' ? ['--allow-tools', 'proc'] : []) })

const QUEUE = `summary = "length of a queue"
command = "id -u > who; while :; do echo $(date +%s),{queue},7; sleep {interval}; done"
files = ["who"]
[settings.queue]
type = "string"
default = "mail"
[[read]]
format = "csv"
columns = ["time", "queue", "length"]
time = "time"
labels = ["queue"]
`

/** Puts a file into tools.d of a peer. */
function put(peer: string, file: string, text: string, mode = 0o600): void {
  const folder = join(net().peer(peer).home, 'tools.d')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeFileSync(join(folder, file), text)
  chmodSync(join(folder, file), mode)
}
const remove = (peer: string) => rmSync(join(net().peer(peer).home, 'tools.d'), { recursive: true, force: true })
own.after.each(() => {
  for (const peer of ['a', 'b', 'c']) remove(peer)
})

async function toolsOf(args: string[] = []): Promise<ToolsOfMember[]> {
  const { status, stdout, stderr } = await net().bak('a', ['tools', ...args, '--json'])
  assert.is(status, 0, stderr)
  return JSON.parse(stdout).members
}
const file = (run: string, member: string, path: string) => {
  const at = join(net().peer('a').home, 'runs', run, `1-default/sample1/tools-default/${member}/${path}`)
  return existsSync(at) ? readFileSync(at, 'utf8') : undefined
}
/** Runs until the tool has written. */
async function run(args: string[]): Promise<{ status: number | null; stderr: string; run: string }> {
  const { status, stdout, stderr } = await net().bak('a', ['run', '--json', ...args, '--', 'sleep', '1'])
  return { status, stderr, run: JSON.parse(stdout.split('\n')[0] ?? '{}').run }
}

own('a file in tools.d is a tool of that machine, which any run may use and none can change', async () => {
  put('b', 'queue.toml', QUEUE)
  const listed = await net().bak('a', ['tools'])
  assert.match(listed.stdout, /^queue +1 of 3 {2}length of a queue\n {4}a, c: it has no such tool$/m)
  const shown = await net().bak('a', ['tools', 'queue', '--on', 'b'])
  assert.match(shown.stdout, /^queue: length of a queue$/m)
  assert.match(shown.stdout, /^queue +string +mail/m)
  assert.match(shown.stdout, /^who +of the tool itself$/m)
  assert.match(shown.stdout, /^usable on 1 of 1$/m)
  // another peer may start a run with it once it is in the record of its machine
  await net().until('a', members => members.some(({ tools }) => tools.some(({ tool }) => tool === 'queue')))
  const spec = join(net().folder, 'queue.run.toml')
  writeFileSync(spec, 'tools = ["queue"]\non = "b"\ninterval = 0.1\n[tool.queue]\nqueue = "news"\n')
  const ran = await run([spec])
  assert.is(ran.status, 0, ran.stderr)
  assert.equal(record(net(), 'a', ran.run).shortfalls, [], ran.stderr)
  assert.match(file(ran.run, 'b', 'queue/queue-stdout.txt') as string, /^\d+,news,7\n/)
  // as the daemon, not as a program of others
  assert.is(file(ran.run, 'b', 'queue/who'), `${process.getuid?.()}\n`)
  assert.match(file(ran.run, 'b', 'queue/queue.toml') as string, /columns = \[ "time", "queue", "length" \]/)
})

own('one that its file calls persistent runs through all samples, and is started again as its file says', async () => {
  const line = 'echo begun; sleep 0.5; exit 3'
  put('b', 'steady.toml', `command = "echo begun; exec sleep 60"\nlifetime = "persistent"\n`)
  put('b', 'frail.toml', `command = "${line}"\nlifetime = "persistent"\non_end = "restart"\n`)
  for (const name of ['steady', 'frail']) await toolsOf([name, '--on', 'b'])
  await net().until('a', members => members.some(({ tools }) => tools.some(({ tool }) => tool === 'frail')))
  const ran = await run(['--on', 'b', '--tools', 'steady,frail', '--samples', '2'])
  assert.is(ran.status, 0, ran.stderr)
  const folder = join(net().peer('a').home, 'runs', ran.run)
  assert.is(readFileSync(join(folder, 'tools-default/b/steady/steady-stdout.txt'), 'utf8'), 'begun\n')
  assert.is(readFileSync(join(folder, 'tools-default/b/frail/restart1/frail-stdout.txt'), 'utf8'), 'begun\n')
  assert.not(existsSync(join(folder, '1-default/sample1/tools-default/b/steady')))
})

own('a value that its file does not have is refused by the machine, which the run names', async () => {
  put('b', 'queue.toml', QUEUE)
  await toolsOf()
  await net().until('a', members => members.some(({ tools }) => tools.some(({ tool }) => tool === 'queue')))
  const spec = join(net().folder, 'bad.run.toml')
  writeFileSync(spec, 'tools = ["queue"]\non = "b"\n[tool.queue]\nqueue = "x; id"\n')
  const planned = await net().bak('a', ['run', spec, '--dry-run', '--', 'true'])
  assert.match(planned.stdout + planned.stderr, /queue: may have letters, digits and/)
  const ran = await run([spec])
  const [lacking] = record(net(), 'a', ran.run).shortfalls ?? []
  assert.match(JSON.stringify(lacking), /queue: may have letters, digits and/)
  assert.is(file(ran.run, 'b', 'queue/queue-stdout.txt'), undefined)
})

own(
  'a damaged file, and one that others may write, is named in bak tools and in the log, and hinders nothing',
  async () => {
    put('b', 'queue.toml', QUEUE)
    put('b', 'broken.toml', 'command = 7\n')
    put('b', 'open.toml', 'command = ["id"]\n', 0o666)
    const { stdout } = await net().bak('a', ['tools'])
    assert.match(stdout, /^b: tools\.d\/broken\.toml:1: command: command must be a list of words/m)
    assert.match(stdout, /^b: tools\.d\/open\.toml: its group may write it: chmod g-w$/m)
    assert.match(stdout, /^queue +1 of 3/m)
    await untilLogged(net(), 'b', /broken\.toml:1: command: .*a tool of the owner is damaged/)
    const named = await net().bak('a', ['tools', 'broken'])
    assert.match(named.stdout, /^b +no +- +tools\.d\/broken\.toml:1: command/m)
    await net().until('a', members => members.some(({ tools }) => tools.some(({ tool }) => tool === 'broken')))
    const ran = await run(['--on', 'b', '--tools', 'queue,broken,open'])
    assert.match(file(ran.run, 'b', 'queue/queue-stdout.txt') as string, /,mail,7\n/)
    assert.match(ran.stderr + JSON.stringify(record(net(), 'a', ran.run).shortfalls), /broken\.toml:1: command/)
    assert.is(file(ran.run, 'b', 'open/open-stdout.txt'), undefined)
  }
)

own('a file that comes while the daemon runs is in its record without anybody asking', async () => {
  put('b', 'late.toml', 'command = ["sleep", "60"]\n')
  const hasLate = async () =>
    (await net().members('b')).some(({ name, tools }) => name === 'b' && tools.some(({ tool }) => tool === 'late'))
  await until(hasLate, { timeout: 25_000, what: () => 'late is in the record of b' })
})

own('what the owner lets no run use is named with the rule', async () => {
  put('c', 'queue.toml', QUEUE)
  const [{ tools } = { tools: [] }] = await toolsOf(['queue', '--on', 'c'])
  assert.is(tools[0]?.usable, false)
  assert.match(tools[0]?.reason as string, /allow\.tools does not name queue/)
})

own('the same file is brought by a run with --tool-file, and then runs as what others bring', async () => {
  const path = join(net().folder, 'mine.toml')
  const text = QUEUE.replaceAll('{queue}', 'q').replace(/\[settings[^[]*/, '')
  writeFileSync(path, text)
  const checked = await net().bak('a', ['check', '--on', 'b', '--tool-file', path])
  assert.is(checked.status, 0, checked.stdout)
  const ran = await run(['--on', 'b', '--tool-file', path])
  assert.is(ran.status, 0, ran.stderr)
  assert.match(file(ran.run, 'b', 'mine/mine-stdout.txt') as string, /^\d+,q,7\n/)
  if (process.getuid?.() === 0) assert.is.not(file(ran.run, 'b', 'mine/who'), '0\n')
  const spec = readFileSync(join(net().peer('a').home, 'runs', ran.run, 'spec.toml'), 'utf8')
  assert.equal(JSON.parse(JSON.stringify(readRunFile(spec, 'spec.toml').tool?.mine?.read)), [
    { format: 'csv', columns: ['time', 'queue', 'length'], time: 'time', labels: ['queue'] }
  ])
  writeFileSync(path, QUEUE)
  const refused = await net().bak('a', ['run', '--tool-file', path, '--', 'true'])
  assert.equal([refused.status, /settings: are for a file of tools\.d/.test(refused.stderr)], [65, true])
})

own('a wrong option of a tool is refused before anything starts', async () => {
  const spec = join(net().folder, 'wrong.toml')
  writeFileSync(spec, 'tools = ["sar"]\n[tool.sar]\nintervall = 3\n')
  const { status, stderr } = await net().bak('a', ['run', spec, '--', 'true'])
  assert.is(status, 65)
  assert.match(stderr, /tool\.sar\.intervall: is not an option of this tool; did you mean interval\?/)
  const registered = await net().bak('a', ['tools', 'register', 'proc', '--on', 'b', '--', '--intervall=3'])
  assert.is(registered.status, 64)
  assert.match(registered.stdout, /--intervall=3 is not an option of this tool.*did you mean interval\?/)
})

own('where data is that others keep is recorded, with the times of the sample', async () => {
  const spec = join(net().folder, 'elsewhere.toml')
  const url = 'https://metrics.example/d/1?from={from}&to={to}'
  writeFileSync(spec, `tools = ["external-data"]\non = "b"\n[tool.external-data]\nurl = "${url}"\nnote = "rack 3"\n`)
  const ran = await run([spec])
  assert.is(ran.status, 0, ran.stderr)
  const kept = JSON.parse(file(ran.run, 'b', 'external-data/external-data.json') as string)
  assert.is(kept.note, 'rack 3')
  assert.ok(kept.to - kept.from > 250, `${kept.from} ${kept.to}`)
  assert.is(kept.url, `https://metrics.example/d/1?from=${kept.from.toFixed(0)}&to=${kept.to.toFixed(0)}`)
  writeFileSync(spec, 'tools = ["external-data"]\n[tool.external-data]\nurl = "https://me:secret@x.example/"\n')
  const refused = await net().bak('a', ['run', spec, '--', 'true'])
  assert.equal([refused.status, /has a name or a password/.test(refused.stderr)], [65, true])
})

own('bak-node status of a machine whose tools.d is damaged is as ever', async () => {
  put('b', 'broken.toml', '= 1')
  const { status } = await bakNode(net(), 'b', ['status'])
  assert.is(status, 0)
})

own.run()
