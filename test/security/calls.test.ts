/** The sockets of workloads that a controller brings: under bubblewrap without a network, as another user, and to strangers. Real daemons. */
import { spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { finished, startRun, Testnet } from '../helpers/mesh.ts'
import { needs, skipWhere } from '../helpers/skip.ts'
import { until } from '../helpers/until.ts'

const NOBODY = 65_534
const STRANGER = 65_533
const calls = suite('the sockets of workloads that a controller brings')
const needsRoot = process.getuid?.() === 0 ? undefined : 'only root can start daemons of another user'
const asRoot = skipWhere(needsRoot, calls)
const withSandbox = skipWhere(needsRoot ?? needs('bwrap'), calls)
let net: Testnet
let folder: string

/** `box` is a daemon of an ordinary user with bubblewrap, `root` is root's; neither lets programs of others use the network. `c` asks. */
calls.before(async () => {
  if (needsRoot != null) return
  folder = mkdtempSync(join(tmpdir(), 'bak-calls-'))
  chmodSync(folder, 0o755)
  for (const name of ['box', 'owner', 'root']) {
    mkdirSync(join(folder, name), { mode: 0o700 })
    if (name !== 'root') chownSync(join(folder, name), NOBODY, NOBODY)
    if (name !== 'owner') writeFileSync(join(folder, name, 'config.toml'), '[allow]\nnetwork = false\n')
  }
  const user = [
    'setpriv',
    `--reuid=${NOBODY}`,
    `--regid=${NOBODY}`,
    '--clear-groups',
    '--',
    'env',
    `HOME=${join(folder, 'owner')}`
  ]
  net = await Testnet.start({
    ...{ folder, peers: ['c'] },
    place: name => ({ enter: name === 'box' ? user : [], listen: '/ip4/127.0.0.1/tcp/0' })
  })
  for (const name of ['root', 'box']) {
    net.add(name)
    await net.startPeer(name)
  }
  await net.until('c', members => members.filter(({ state }) => state === 'alive').length === 3)
})
calls.after(async () => {
  await net?.stop()
  if (folder != null) rmSync(folder, { recursive: true, force: true })
})

/** Runs a script as the workload `load` of a member. */
async function startOn(member: string, command: string) {
  const file = join(folder, `${member}-${Math.random()}.toml`)
  const workload = `[[workload]]\nname = "load"\non = "${member}"\ncommand = ${JSON.stringify(command)}\n`
  writeFileSync(file, `on = "${member}"\nsysinfo = "none"\ntools = []\n${workload}`)
  const run = await startRun(net, 'c', [file])
  const result = join(net.peer('c').home, 'runs', run.run, '1-default/sample1/workload', member, 'load')
  return { ...run, text: (name: string) => readFileSync(join(result, name), 'utf8') }
}

const SCRIPT =
  'grep -c eth /proc/net/dev; command -v bak; bak put k v && bak get k && bak barrier x && bak sample n 1; echo $?; echo "$BAK_SOCK"'

withSandbox('under bubblewrap without a network the calls work, and the rest of the home is hidden', async () => {
  const run = await startOn('box', `${SCRIPT}; ls -A ${join(folder, 'box')}`)
  const { status, stderr } = await run.finished
  assert.is(status, 0, stderr)
  const [cards, client = '', value, code, socket = '', ...home] = run.text('stdout.txt').trim().split('\n')
  assert.is(cards, '0')
  assert.match(client, /\/\.bak\/bin\/bak$/)
  assert.equal([value, code], ['v', '0'], run.text('stderr.txt'))
  assert.is(dirname(dirname(socket)), join(folder, 'box'))
  assert.equal(home.sort(), ['s', 'work'])
  assert.not(existsSync(socket))
  assert.match(run.text('metrics.ndjson'), /"name":"n","value":1/)
})

asRoot('as another user without a network the calls work, and nothing of the socket is left', async () => {
  const run = await startOn('root', `${SCRIPT}; id -u; stat -c "%u %a" "$BAK_SOCK"`)
  const { status, stderr } = await run.finished
  assert.is(status, 0, stderr)
  const [cards, , value, code, socket = '', uid, mode] = run.text('stdout.txt').trim().split('\n')
  assert.is(cards, '0')
  assert.equal([value, code], ['v', '0'], run.text('stderr.txt'))
  assert.is.not(uid, '0')
  assert.is(mode, `${uid} 600`)
  assert.not(existsSync(socket))
  assert.match(run.text('metrics.ndjson'), /"name":"n","value":1/)
})

asRoot('a stranger on the machine cannot open the socket, nor list where it is', async () => {
  const run = await startOn('root', 'echo "$BAK_SOCK"; exec sleep 60')
  const out = join(net.peer('root').home, 'work', run.run, 'data/1-default/sample1/workload/root/load/stdout.txt')
  await until(() => existsSync(out) && readFileSync(out, 'utf8').endsWith('\n'), { what: () => 'it has said where' })
  const socket = readFileSync(out, 'utf8').trim()
  assert.ok(statSync(socket).isSocket())
  const program =
    'socket(my $s, 1, 1, 0); print connect($s, pack("S a108", 1, $ARGV[0])) ? "open" : "$!"; print -r $ARGV[1] ? " seen" : " hidden"'
  const as = (uid: number) => {
    const words = [
      `--reuid=${uid}`,
      `--regid=${uid}`,
      '--clear-groups',
      '--',
      'perl',
      '-e',
      program,
      socket,
      dirname(socket)
    ]
    return finished(spawn('setpriv', words, { stdio: ['ignore', 'pipe', 'pipe'] }))
  }
  assert.is((await as(STRANGER)).stdout, 'Permission denied hidden')
  assert.is((await as(statSync(socket).uid)).stdout, 'open hidden')
  const homes = readdirSync(dirname(socket))
  assert.equal(homes.length, 1)
  run.kill('SIGINT')
  await run.finished
  assert.not(existsSync(socket) || existsSync(dirname(dirname(socket))))
})

calls.run()
