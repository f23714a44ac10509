/** A ticket is code execution on the machines of a mesh: nobody who may not use it can read it from a process. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { BAK_NODE } from '../../testnets/programs.ts'
import { finished, ticketFrom, useTestnet } from '../helpers/mesh.ts'
import { until } from '../helpers/until.ts'
import { scratch } from '../store/scratch.ts'

const test = suite('where a ticket can be read')
const net = useTestnet(test, { peers: ['a'] })
const started: ChildProcess[] = []
test.after(() => {
  for (const child of started) if (child.exitCode == null && child.signalCode == null) child.kill('SIGKILL')
})

interface Given {
  words: string[]
  input?: string
  env?: Record<string, string>
}

/** @returns a daemon that has joined, and what it printed on standard error */
async function join_(name: string, { words, input, env = {} }: Given) {
  const { home } = net().add(name)
  const listen = ['--listen', '/ip4/127.0.0.1/tcp/0', '--name', name]
  const child = spawn(BAK_NODE, ['--home', home, 'daemon', ...words, ...listen], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe']
  })
  started.push(child)
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr += text
  })
  child.stdin.end(input ?? '')
  await net().until('a', all => all.some(each => each.name === name && each.state === 'alive'))
  return { child, stderr: () => stderr }
}

/** Words and variables of a process and of what it started, as the system shows them. */
function shownOf(pid: number): string {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  const own = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  return [
    own,
    ...children.map(shownOf),
    ...children.map(child => readFileSync(`/proc/${child}/environ`, 'utf8'))
  ].join()
}

test('standard input, a file and a variable bring it, and the daemon and its children do not show it', async () => {
  const ticket = await ticketFrom(net(), 'a')
  const file = join(scratch(), 'ticket')
  writeFileSync(file, `${ticket}\n`)
  chmodSync(file, 0o600)
  // as <(COMMAND) of a shell gives it
  const pipe = join(scratch(), 'pipe')
  execFileSync('mkfifo', [pipe])
  started.push(spawn('/bin/sh', ['-c', 'cat "$0" >"$1"', file, pipe], { stdio: 'ignore' }))
  const ways: Array<[name: string, given: Given]> = [
    ['by-pipe', { words: ['join', '--ticket-file', pipe] }],
    ['by-input', { words: ['join', '-'], input: `${ticket}\nmore\n` }],
    ['by-file', { words: ['join', '--ticket-file', file] }],
    ['by-daemon-file', { words: ['--ticket-file', file] }],
    ['by-variable', { words: [], env: { BAK_JOIN: ticket } }]
  ]
  for (const [name, given] of ways) {
    const { child, stderr } = await join_(name, given)
    assert.not.ok(shownOf(child.pid as number).includes(ticket), name)
    assert.not.match(stderr(), 'warning')
    child.kill('SIGTERM')
    await finished(child)
  }
})

test('an argument brings it as well, is overwritten, and is warned of', async () => {
  const ticket = await ticketFrom(net(), 'a')
  const { child, stderr } = await join_('by-argument', { words: ['join', ticket] })
  assert.not.ok(shownOf(child.pid as number).includes(ticket))
  assert.match(stderr(), /warning: a ticket in an argument can be read by every user of this machine: use join -/)
  child.kill('SIGTERM')
  await finished(child)
})

test('a run, and the command beside a peer, do not get it from the variable of the daemon', async () => {
  const ticket = await ticketFrom(net(), 'a')
  const file = join(scratch(), 'seen')
  const home = join(scratch(), 'home')
  const words = [
    'exec',
    '--name',
    'pod',
    '--listen',
    '/ip4/127.0.0.1/tcp/0',
    '--',
    'sh',
    '-c',
    `env >${file}; sleep 60`
  ]
  const child = spawn(BAK_NODE, words, {
    env: { ...process.env, BAK_HOME: home, BAK_JOIN: ticket },
    stdio: ['ignore', 'ignore', 'ignore']
  })
  started.push(child)
  await net().until('a', all => all.some(each => each.name === 'pod' && each.state === 'alive'))
  await until(() => existsSync(file) && readFileSync(file, 'utf8').includes('BAK_HOME'), { what: 'the command runs' })
  assert.not.ok(readFileSync(file, 'utf8').includes(ticket))
  assert.not.ok(shownOf(child.pid as number).includes(ticket))
  const { status, stdout } = await net().bak('a', ['run', '--quiet', '--on', 'pod', '--tool', 'env=env', '--', 'true'])
  assert.is(status, 0)
  const folder = stdout.trim().split('\n').at(-1) as string
  assert.not.ok(
    readFileSync(join(folder, '1-default/sample1/tools-default/pod/env/env-stdout.txt'), 'utf8').includes(ticket)
  )
  child.kill('SIGTERM')
  await finished(child)
})

test('a file that others may read brings it, and is warned of with the command that closes it', async () => {
  const file = join(scratch(), 'open ticket')
  writeFileSync(file, await ticketFrom(net(), 'a'), { mode: 0o644 })
  const { child, stderr } = await join_('by-open-file', { words: ['--ticket-file', file] })
  assert.match(stderr(), `warning: --ticket-file ${file}: other users of this machine may read it: chmod 600 '${file}'`)
  child.kill('SIGTERM')
  await finished(child)
})

test('a variable that is no ticket any more does not end a peer that is in the mesh already', async () => {
  const ticket = await ticketFrom(net(), 'a')
  const first = await join_('restarted', { words: [], env: { BAK_JOIN: ticket } })
  first.child.kill('SIGTERM')
  await finished(first.child)
  const { home } = net().peer('restarted')
  const again = spawn(BAK_NODE, ['--home', home, 'daemon', '--listen', '/ip4/127.0.0.1/tcp/0'], {
    env: { ...process.env, BAK_JOIN: 'rubbish' },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  started.push(again)
  let said = ''
  again.stderr.setEncoding('utf8').on('data', text => (said += text))
  await net().until('a', all => all.some(({ name, state }) => name === 'restarted' && state === 'alive'))
  assert.match(said, /warning: BAK_JOIN: .*; it is ignored, as this home is in a mesh already/)
  again.kill('SIGTERM')
  await finished(again)
  const stranger = spawn(BAK_NODE, ['--home', join(scratch(), 'home'), 'daemon'], {
    env: { ...process.env, BAK_JOIN: 'rubbish' },
    stdio: 'pipe'
  })
  assert.is((await finished(stranger)).status, 64, 'who is in none needs a ticket')
})

const wrong: Array<[title: string, words: string[], input: string, why: RegExp]> = [
  ['an empty standard input', ['join', '-'], '', /no ticket in standard input/],
  [
    'a file that is not there',
    ['--ticket-file', '/no/such/file'],
    '',
    /--ticket-file \/no\/such\/file: no such file or directory\n$/
  ],
  ['no ticket at all', ['join'], '', /join needs a ticket: - reads it from standard input/],
  ['a ticket and a file', ['join', 'bak1x', '--ticket-file', '/dev/null'], '', /give one of them/]
]
for (const [title, words, input, why] of wrong) {
  test(`${title} is a usage error that says what to give`, async () => {
    const child = spawn(BAK_NODE, ['--home', join(scratch(), 'home'), 'daemon', ...words], { stdio: 'pipe' })
    child.stdin.end(input)
    const { status, stderr } = await finished(child)
    assert.is(status, 64)
    assert.match(stderr, why)
  })
}

test.run()
