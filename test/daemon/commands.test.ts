import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { BAK_NODE } from '../../testnets/programs.ts'
import { type Finished, finished, Testnet } from '../helpers/mesh.ts'
import { until } from '../helpers/until.ts'

const test = suite('bak-node')
const dir = mkdtempSync(join(tmpdir(), 'bak-node-'))
const clean = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('BAK_')))
const LOOPBACK = ['--listen', '/ip4/127.0.0.1/tcp/0']
let testnet: Testnet
const daemons: ChildProcess[] = []

test.before(async () => {
  testnet = await Testnet.start({ peers: 2 })
})
test.after(async () => {
  for (const child of daemons) if (child.exitCode == null && child.signalCode == null) child.kill('SIGKILL')
  await testnet.stop()
  rmSync(dir, { recursive: true, force: true })
})

const home = (name: string) => join(dir, name)
const spawnNode = (name: string, words: string[], env = {}) => {
  const options = { env: { ...clean, BAK_HOME: home(name), ...env }, stdio: ['ignore', 'pipe', 'pipe'] as never }
  const child: ChildProcess = spawn(BAK_NODE, words, options)
  daemons.push(child)
  return child
}
const node = (name: string, words: string[], env = {}): Promise<Finished> => finished(spawnNode(name, words, env))

interface Running {
  child: ChildProcess
  /** What it printed until it was ready. */
  block: string
  ended: Promise<Finished>
}

/** A daemon that is ready. */
async function start(name: string, words: string[] = [], env = {}): Promise<Running> {
  const child = spawnNode(name, ['daemon', ...words, ...LOOPBACK], env)
  const ended = finished(child)
  let block = ''
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', data => {
      block += data
      if (block.endsWith('ready\n')) resolve()
    })
    ended.then(({ stderr, status }) => reject(new Error(`${name} ended with ${status}: ${stderr}`)))
  })
  return { child, block, ended }
}

async function stop({ child, ended }: Running): Promise<Finished> {
  child.kill('SIGTERM')
  return ended
}

const field = (block: string, key: string) => new RegExp(`^ *${key} +(\\S+)`, 'm').exec(block)?.[1]

test('init makes a key that stays, in a home for its owner alone; a second one changes nothing', async () => {
  const first = await node('init', ['init'])
  const key = readFileSync(join(home('init'), 'key'))
  const mesh = readFileSync(join(home('init'), 'mesh.json'))
  const second = await node('init', ['init'])
  assert.match(first.stdout, /^peer {2}(12D3\w+)\nmesh {2}\1\nhome {2}\/.*\n$/)
  assert.equal([second.status, second.stdout, second.stderr], [0, first.stdout, ''])
  assert.equal(readFileSync(join(home('init'), 'key')), key)
  assert.equal(readFileSync(join(home('init'), 'mesh.json')), mesh)
  assert.is(statSync(join(home('init'), 'key')).mode & 0o777, 0o600)
  assert.is(statSync(home('init')).mode & 0o777, 0o700)
})

test('a daemon says who it is in a block of fixed form, and is the peer that init made', async () => {
  const { stdout } = await node('form', ['init'])
  const daemon = await start('form', ['--name', 'db1'])
  const peer = field(stdout, 'peer') as string
  const lines = daemon.block.split('\n')
  assert.match(lines[0] as string, /^bak-node \d+\.\d+\.\d+$/)
  assert.equal(lines.slice(1, 4), ['  name     db1', `  peer     ${peer}`, `  mesh     ${peer} (founded here)`])
  assert.match(lines[4] as string, new RegExp(`^  address  /ip4/127\\.0\\.0\\.1/tcp/\\d+/p2p/${peer}$`))
  assert.equal(lines.slice(5), [`  home     ${home('form')}`, 'ready', ''])
  assert.is((await stop(daemon)).status, 0)
})

test('a ticket is all that invite prints; who joined with it needs none later, and stays the same peer', async () => {
  const invited = await finished(spawn(BAK_NODE, ['--home', testnet.peer('n1').home, 'invite'], { env: clean }))
  assert.match(invited.stdout, /^bak1[\w-]+\n$/)
  assert.is(invited.stderr, '')
  const joined = await start('joins', ['--name', 'third', 'join', invited.stdout.trim(), '--label', 'role=db'])
  await testnet.until('n1', all => all.some(each => each.name === 'third' && each.labels.role === 'db'))
  assert.is((await stop(joined)).status, 0)
  await testnet.until('n1', all => all.find(each => each.name === 'third')?.state === 'left')
  const again = await start('joins', ['--name', 'third'])
  for (const key of ['peer', 'mesh']) assert.is(field(again.block, key), field(joined.block, key))
  await testnet.until('n2', all => all.some(each => each.name === 'third' && each.state === 'alive'))
  await stop(again)
})

test('SIGTERM ends a daemon in order within 5 s, also one that measures', async () => {
  const daemon = await start('term', ['join', testnet.ticket, '--name', 'goes'])
  await testnet.until('n1', all => all.some(each => each.name === 'goes' && each.state === 'alive'))
  const run = testnet.spawnBak('n1', ['run', '--on', 'n1,goes', '--quorum', '1', '--', 'sleep', '4'])
  await testnet.until('n1', all => all.some(each => each.name === 'goes' && each.state === 'busy'))
  const began = performance.now()
  const { status } = await stop(daemon)
  assert.is(status, 0)
  assert.ok(performance.now() - began < 5_000, `it took ${performance.now() - began} ms`)
  await testnet.until('n1', all => all.find(each => each.name === 'goes')?.state === 'left', 2_000)
  assert.ok(!existsSync(join(home('term'), 'bak.sock')))
  assert.is((await finished(run)).status, 0)
})

test('a second signal ends a daemon that hangs at once', async () => {
  const daemon = await start('hangs')
  // its workload does not heed SIGTERM: leaving in order takes as long as that is waited for
  const ready = join(dir, 'ignores-term')
  const script = `trap "" TERM; touch ${ready}; while :; do sleep 1; done`
  const stubborn = ['run', '--quiet', '--', 'sh', '-c', script]
  const run = spawn(BAK_NODE.replace(/-node$/, ''), stubborn, {
    env: { ...clean, BAK_HOME: home('hangs') },
    stdio: 'ignore'
  })
  await until(() => existsSync(ready), { timeout: 30_000, what: 'the workload runs' })
  daemon.child.kill('SIGTERM')
  await Promise.race([once(daemon.child.stderr as never, 'data'), daemon.ended])
  daemon.child.kill('SIGINT')
  const began = performance.now()
  assert.is((await daemon.ended).status, 130)
  assert.ok(performance.now() - began < 1_000)
  run.kill()
})

test('stop returns when the daemon has ended', async () => {
  const daemon = await start('stop')
  const pid = daemon.child.pid as number
  assert.equal(await node('stop', ['stop']), { status: 0, signal: null, stdout: '', stderr: '' })
  assert.throws(() => process.kill(pid, 0), /ESRCH/)
  assert.is((await daemon.ended).status, 0)
  assert.is((await node('stop', ['stop'])).status, 69)
})

test('status tells of a daemon in words and in JSON', async () => {
  const daemon = await start('status', ['--name', 'x'])
  const [plain, json] = await Promise.all([node('status', ['status']), node('status', ['status', '--json'])])
  assert.match(
    plain.stdout,
    new RegExp(`^name: +x\\nstate: +standby\\npeer: +12D3\\w+\\n(.*\\n)*pid: +${daemon.child.pid}\\n`)
  )
  assert.equal([JSON.parse(json.stdout).name, JSON.parse(json.stdout).pid], ['x', daemon.child.pid])
  assert.equal(
    [(await node('status', ['drain'])).stdout, (await node('status', ['drain', '--off'])).stdout],
    ['draining\n', 'standby\n']
  )
  await stop(daemon)
})

test('a second daemon on a home is refused, with the process that has it', async () => {
  const { child } = testnet.peer('n1')
  const { status, stderr } = await node('second', ['--home', testnet.peer('n1').home, 'daemon'])
  assert.is(status, 75)
  assert.match(stderr, new RegExp(`^bak-node: .*process ${child?.pid}\\b[^\\n]*\\n$`))
})

test('variables stand for flags, and hold lists with commas; flags win', async () => {
  const env = { BAK_NAME: 'env', BAK_LABEL: 'role=db,rack=7', BAK_LOG: 'error' }
  const daemon = await start('vars', ['--name', 'flag', 'join', testnet.ticket], env)
  await testnet.until('n1', all =>
    all.some(({ name, labels }) => name === 'flag' && labels.role === 'db' && labels.rack === '7')
  )
  await stop(daemon)
})

test('config.toml is used, and its table for bak is no mistake', async () => {
  mkdirSync(home('file'), { mode: 0o700 })
  writeFileSync(join(home('file'), 'config.toml'), 'name = "filed"\nlog = "warn"\n[cli.run]\nquorum = "80%"\n')
  const daemon = await start('file')
  assert.is(field(daemon.block, 'name'), 'filed')
  assert.is((await stop(daemon)).stderr, '')
})

test('each mistake in config.toml is named with its line', async () => {
  mkdirSync(home('wrong'), { mode: 0o700 })
  writeFileSync(join(home('wrong'), 'config.toml'), '# ours\nlabl = 1\nlisten = [\n  "/x"\n]\n')
  const { status, stderr } = await node('wrong', ['daemon'])
  assert.is(status, 78)
  const [first, second] = stderr.split('\n')
  assert.match(first as string, /config\.toml:2: labl: is not a known key; did you mean label\?$/)
  assert.match(second as string, /config\.toml:4: listen\.0: expected an address such as /)
})

const ticketOf = async (name: string): Promise<string> => {
  const daemon = await start(name)
  const { stdout } = await node(name, ['invite'])
  await stop(daemon)
  return stdout.trim()
}

test('a home in one mesh does not join another, and says what to do', async () => {
  await stop(await start('taken'))
  const { status, stderr } = await node('taken', ['daemon', ...LOOPBACK], { BAK_JOIN: await ticketOf('other') })
  assert.is(status, 77)
  assert.match(
    stderr,
    /^bak-node: this home is in mesh 12D3\w+; the ticket is of 12D3\w+: leave .* bak-node leave, or use another --home\n$/
  )
})

test('a home that others may enter is refused, with the command that mends it', async () => {
  mkdirSync(join(home('open'), 'runs'), { recursive: true })
  chmodSync(home('open'), 0o755)
  const { status, stderr } = await node('open', ['daemon'])
  assert.is(status, 78)
  assert.match(stderr, `run chmod 700 '${home('open')}'\n`)
  assert.not(existsSync(join(home('open'), 'key')))
})

test('a reader that leaves ends no daemon, and no command with an error', async () => {
  const child = spawnNode('deaf', ['daemon', ...LOOPBACK])
  child.stdout?.destroy()
  while ((await node('deaf', ['status'])).status !== 0) assert.is(child.exitCode, null)
  const asking = spawnNode('deaf', ['status'])
  asking.stdout?.destroy()
  const { status, stderr } = await finished(asking)
  assert.equal([status, stderr], [0, ''])
  child.kill()
})

const wrong: [string[], RegExp][] = [
  [['daemon', '--label', 'role'], /--label role: a label is key=value/],
  [['daemon', '--label', 'a b=c'], /--label a b=c: a name has letters/],
  [['daemon', '--name', '../x'], /--name \.\.\/x: a name has letters/],
  [['daemon', '--listen', '/ip4/1.2.3/tcp/1'], /--listen \/ip4\/1\.2\.3\/tcp\/1: expected an address such as/],
  [['daemon', '--announce', 'db1:4001'], /--announce db1:4001: expected an address such as/],
  [['daemon', '--log', 'loud'], /--log <level>/],
  [['daemon', '--nosuch'], /unknown option '--nosuch'/],
  [['daemon', 'join'], /join needs a ticket: - reads it from standard input/],
  [['daemon', 'join', 'hello'], /not a complete ticket/],
  [['daemon', 'join', 'bak1pWRm'], /not a complete ticket/],
  [['stauts'], /unknown command 'stauts'; did you mean status\?/],
  [['frobnicate'], /unknown command 'frobnicate'; bak-node --help lists them/],
  [['stop', 'now'], /too many arguments for 'stop'/]
]
for (const [words, said] of wrong) {
  test(`wrong usage is told in one line, and makes no home: bak-node ${words.join(' ')}`, async () => {
    const { status, stdout, stderr } = await node('none', words)
    assert.equal([status, stdout], [64, ''])
    assert.match(stderr, said)
    assert.match(stderr, /^bak-node: [^\n]+\n$/)
    assert.not(existsSync(home('none')))
  })
}

for (const command of [
  'init',
  'invite',
  'status',
  'stop',
  'leave',
  'drain',
  'install',
  'uninstall',
  'daemon',
  'daemon join'
]) {
  test(`help has an example: bak-node ${command}`, async () => {
    const { status, stdout } = await node('none', [...command.split(' '), '--help'])
    assert.is(status, 0)
    assert.match(stdout, /\nExamples?:\n {2}.*bak-node /)
  })
}

test.run()
