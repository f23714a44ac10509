import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { BAK_NODE } from '../../testnets/programs.ts'
import { finished, useTestnet } from '../helpers/mesh.ts'
import { scratch } from '../store/scratch.ts'

const test = suite('a command with a peer beside it')
const net = useTestnet(test, { peers: ['a'] })
const started: ChildProcess[] = []
test.after(() => {
  for (const child of started) if (child.exitCode == null && child.signalCode == null) child.kill('SIGKILL')
})

async function ticket(): Promise<string> {
  const [invited] = await Array.fromAsync(net().call('a', 'invite', {}))
  return invited?.ticket as string
}

/** `bak-node exec` in a home of its own. */
function exec(words: string[], env: Record<string, string> = {}) {
  const home = join(scratch(), 'home')
  const listen = ['--listen', '/ip4/127.0.0.1/tcp/0']
  const child = spawn(BAK_NODE, ['exec', ...listen, ...words], {
    env: { ...process.env, BAK_HOME: home, ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  started.push(child)
  return { child, home, ended: finished(child) }
}

const isSeen = (name: string, state: string) =>
  net().until('a', all => all.some(m => m.name === name && m.state === state))

test('its peer is in the mesh with its labels for as long as the command runs; status and output are the command’s', async () => {
  const seen = join(scratch(), 'seen')
  const command = `echo "in $BAK_HOME$BAK_SOCK"; until [ -e ${seen} ]; do sleep 0.1; done; exit 7`
  const words = ['--name', 'pod', '--label', 'app=db', '--', 'sh', '-c', command]
  const { home, ended } = exec(words, { BAK_JOIN: await ticket() })
  await isSeen('pod', 'alive')
  const pod = (await net().members('a')).find(({ name }) => name === 'pod')
  assert.equal(pod?.labels, { app: 'db' })
  writeFileSync(seen, '')
  const { status, stdout } = await ended
  assert.equal([status, stdout], [7, `in ${home}\n`])
  await isSeen('pod', 'left')
})

test('a signal goes to the command, and the peer leaves when that has ended', async () => {
  const loop = 'trap "echo told; exit 3" TERM; echo up; while :; do sleep 0.1; done'
  const { child, ended } = exec(['--name', 'told', '--join', await ticket(), '--', 'sh', '-c', loop])
  await new Promise<void>(resolve => child.stdout?.once('data', () => resolve()))
  // who left before anybody heard of it is not seen to leave
  await isSeen('told', 'alive')
  child.kill('SIGTERM')
  const { status, stdout } = await ended
  assert.equal([status, stdout], [3, 'up\ntold\n'])
  await isSeen('told', 'left')
})

test('a peer that cannot be started is said to be so, and no command is started', async () => {
  const file = join(scratch(), 'was-here')
  const { status, stderr } = await exec(['--join', 'bak1nonsense', '--', 'touch', file]).ended
  assert.is(status, 64)
  assert.match(stderr, /not a complete ticket/)
  assert.not.ok(existsSync(file))
})

test('a command that cannot be started has the status that shells give it', async () => {
  const { status, stderr } = await exec(['--', '/no/such/program']).ended
  assert.is(status, 127)
  assert.match(stderr, /\/no\/such\/program cannot be started: ENOENT/)
  assert.is((await exec(['--', '/etc/passwd']).ended).status, 126)
  const none = await exec([]).ended
  assert.is(none.status, 64)
  assert.match(none.stderr, /missing required argument 'command'/)
})

test('who is killed outright takes the peer along, not the command', async () => {
  const { child } = exec(['--name', 'killed', '--join', await ticket(), '--', 'sleep', '3'])
  await isSeen('killed', 'alive')
  child.kill('SIGKILL')
  await isSeen('killed', 'left')
})

test.run()
