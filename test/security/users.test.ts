/** Programs that a controller brings to a daemon of an ordinary user: in a sandbox, or not at all until that user says so. Real daemons. */
import { spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { PLATFORM } from '../../protocols/staged.ts'
import { BAK, BAK_NODE } from '../../testnets/programs.ts'
import { finished, goneWithin, processesWith, startRun, Testnet, uniqueSleep } from '../helpers/mesh.ts'
import { ownTool, runOwnTool, script, scriptAtOnce } from '../helpers/own-tool.ts'
import { needs, skipWhere } from '../helpers/skip.ts'
import { until } from '../helpers/until.ts'
import { runWorkloads, workload } from '../helpers/workloads.ts'

const NOBODY = 65_534
const USER = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--']
const users = suite('programs that a controller brings to an ordinary user')
const needsRoot = process.getuid?.() === 0 ? undefined : 'only root can start daemons of another user'
const asRoot = skipWhere(needsRoot, users)
const withSandbox = skipWhere(needsRoot ?? needs('bwrap'), users)
let net: Testnet
let folder: string

/** `a` has bubblewrap, `b` and `d` have not; the owner of `d` lets programs of others run nevertheless. `c` is root's, and asks. */
users.before(async () => {
  if (needsRoot != null) return
  folder = mkdtempSync(join(tmpdir(), 'bak-users-'))
  chmodSync(folder, 0o755)
  const programs = join(folder, 'bin')
  mkdirSync(programs)
  const present = new Set<string>()
  for (const from of ['/usr/bin', '/bin']) {
    for (const name of readdirSync(from)) {
      if (name !== 'bwrap' && !present.has(name) && present.add(name))
        symlinkSync(join(from, name), join(programs, name))
    }
  }
  mkdirSync(join(folder, 'owner/.ssh'), { recursive: true })
  writeFileSync(join(folder, 'owner/.ssh/id'), 'PRIVATE\n')
  for (const path of ['a', 'b', 'd'].map(name => join(folder, name))) mkdirSync(path, { mode: 0o700 })
  for (const name of ['a', 'b', 'd', 'owner', 'owner/.ssh', 'owner/.ssh/id'])
    chownSync(join(folder, name), NOBODY, NOBODY)
  const user = [...USER, 'env', `HOME=${join(folder, 'owner')}`]
  const listen = '/ip4/127.0.0.1/tcp/0'
  net = await Testnet.start({
    ...{ folder, peers: ['c'] },
    args: name => (name === 'd' ? ['--allow-workloads'] : []),
    place: name => ({ enter: name === 'c' ? [] : name === 'a' ? user : [...user, `PATH=${programs}`], listen })
  })
  for (const name of ['a', 'b', 'd']) {
    net.add(name)
    await net.startPeer(name)
  }
  await net.until('c', members => members.filter(({ state }) => state === 'alive').length === 4)
})
users.after(async () => {
  await net?.stop()
  if (folder != null) rmSync(folder, { recursive: true, force: true })
})
/** As the user of a member, whose socket is nobody else's. */
const asUser = (member: string, words: string[]) =>
  finished(
    spawn('setpriv', [...USER.slice(1), ...words], {
      cwd: join(folder, 'owner'),
      env: { ...process.env, BAK_HOME: net.peer(member).home }
    })
  )
const on = (member: string, line: string) => runOwnTool(net, { controller: 'c', member, command: scriptAtOnce(line) })

withSandbox(
  'they see neither the home nor what else is the user’s, and can change nothing but their folder',
  async () => {
    const { home } = net.peer('a')
    const line = `cat ${home}/key; cat ${folder}/owner/.ssh/id; ls -A ${home} | grep -v work; touch ${folder}/owner/x /usr/x /tmp/mine; ls /tmp | grep -v ^bak-users; echo mine > f; echo end`
    const { text, stderr } = await on('a', line)
    assert.is(text('x-stdout.txt'), 'mine\nend\n', stderr)
    assert.match(text('x-stderr.txt'), `cat: ${home}/key: No such file`)
    assert.match(text('x-stderr.txt'), `cat: ${folder}/owner/.ssh/id: No such file`)
    assert.match(text('x-stderr.txt'), /\/usr\/x'?: Read-only file system/)
    assert.is(text('f'), 'mine\n')
  }
)

withSandbox('they cannot have the daemon read or write for them by a link in the place of their files', async () => {
  const id = `${folder}/owner/.ssh/id`
  const lines = [
    `ln -sf ${id} x-stderr.txt; exit 3`,
    `rm x-stderr.txt; mkfifo x-stderr.txt; exit 3`,
    `ln -sf ${id} x.cmd; exit 3`
  ]
  for (const line of lines) {
    const ran = await runOwnTool(net, { controller: 'c', member: 'a', command: ['/bin/sh', '-c', line] })
    assert.match(ran.stderr, /x: ended with exit 3 before its first output/, `${line}: ${ran.stderr}`)
    assert.not.match(ran.stderr + ran.stdout, /PRIVATE/)
    assert.is(readFileSync(id, 'utf8'), 'PRIVATE\n')
  }
})

withSandbox('they see no other process, and have no capability', async () => {
  const { text } = await on('a', 'ls -d /proc/[0-9]* | wc -l; grep -E "^(CapEff|NoNewPrivs)" /proc/self/status')
  const [count, caps, privileges] = text('x-stdout.txt').split('\n')
  assert.ok(Number(count) < 8, count)
  assert.match(caps as string, /0{16}$/)
  assert.match(privileges as string, /1$/)
})

withSandbox('they get the signal that stops their tool, and can end in order', async () => {
  const command = ['/bin/sh', '-c', 'trap "echo in order; exit 0" TERM; echo up; while :; do sleep 0.1; done']
  const { text, stderr } = await runOwnTool(net, { controller: 'c', member: 'a', command })
  assert.is(text('x-stdout.txt'), 'up\nin order\n', stderr)
})

withSandbox('nothing of them is left when the daemon is killed', async () => {
  const mark = uniqueSleep()
  const line = `(setsid sh -c "sleep ${mark} & sleep ${mark}" &); exec sleep ${mark}`
  const run = await startRun(net, 'c', [
    ownTool(net, 'a', ['/bin/sh', '-c', line]),
    '--quorum',
    '1',
    '--',
    'sleep',
    '30'
  ])
  await run.until(event => event.type === 'workload-started')
  await until(() => processesWith(mark).length >= 3, { what: () => `${processesWith(mark).length} processes run` })
  await net.stopPeer('a', 'SIGKILL')
  await goneWithin(mark, 5_000)
  await net.startPeer('a')
  run.kill('SIGINT')
  await run.finished
})

withSandbox('a workload sees its working folder and BAK_OUT, and what it writes there comes home', async () => {
  const { home } = net.peer('a')
  const line = `id -u; cat ${home}/key; echo kept > "$BAK_OUT/f"; echo scratch > s; ls -A; head -c 1 "$BAK_PEERS"; touch /usr/x; exit 0`
  const ended = await runWorkloads(net, 'c', `on = "a"\n${workload('x', line, 'instances = 2\nenv = { A = "b" }')}`)
  assert.is(ended.status, 0, ended.stderr)
  for (const label of ['x.1', 'x.2']) {
    assert.is(ended.text(`workload/a/${label}/stdout.txt`), `${NOBODY}\n.bak\ns\n{`)
    assert.is(ended.text(`workload/a/${label}/f`), 'kept\n')
    assert.match(ended.text(`workload/a/${label}/stderr.txt`), /key: No such file[\s\S]*Read-only file system/)
  }
})

withSandbox('a link in the place of its output leads the daemon nowhere', async () => {
  const secret = join(folder, 'owner/.ssh/id')
  const line = `cd "$BAK_OUT"; rm stdout.txt stderr.txt; ln -s ${secret} stderr.txt; ln -s ${secret} stdout.txt; ln -s ${secret} f; exit 3`
  const ended = await runWorkloads(net, 'c', `on = "a"\n${workload('x', line)}`)
  assert.is(ended.status, 1, ended.stderr)
  assert.not.match(JSON.stringify(ended.record), /PRIVATE/)
  assert.match(ended.record.workload[0]?.error ?? '', /^its output cannot be read: it is a link$/)
})

withSandbox('a bundle has its program and libraries in the sandbox, too', async () => {
  const bundle = join(net.folder, 'bundle')
  mkdirSync(join(bundle, 'bin'), { recursive: true })
  mkdirSync(join(bundle, 'lib'))
  const lines = [
    'echo "$1 of $(id -u): $(cat "$LD_LIBRARY_PATH/words")"',
    'touch "$LD_LIBRARY_PATH/x"',
    'exec sleep 60'
  ]
  writeFileSync(join(bundle, 'bin/watcher'), `#!/bin/sh\n${lines.join('\n')}\n`, { mode: 0o755 })
  writeFileSync(join(bundle, 'lib/words'), 'from its lib')
  const options = `bundle = { "${PLATFORM}" = "${bundle}" }`
  const command = ['watcher', 'a word']
  const { text, stderr } = await runOwnTool(net, { controller: 'c', member: 'a', command, options })
  assert.is(text('x-stdout.txt'), `a word of ${NOBODY}: from its lib\n`, stderr)
  assert.match(text('x-stderr.txt'), /\/lib\/x'?: Read-only file system/)
})

asRoot('without bubblewrap they are refused at join, by a rule and for a reason', async () => {
  const { stderr } = await on('b', 'id')
  assert.match(stderr, /excluded=b phase=join not-allowed: allow\.workloads lets programs of others run only apart/)
  assert.match(
    stderr,
    /bubblewrap \(bwrap\) is not on the PATH; it is set in .*\/b\/config\.toml or by --allow-workloads/
  )
})

asRoot('tools of bak run there all the same, and what its user types', async () => {
  const { status, stderr } = await net.bak('c', ['run', '--on', 'b', '--tools', 'proc', '--strict', '--', 'true'])
  assert.is(status, 0, stderr)
  const own = ownTool(net, 'b', script('id -u'))
  const ended = await asUser('b', [BAK, 'run', own, '--strict', '--', 'sleep', '0.3'])
  assert.is(ended.status, 0, ended.stderr)
})

asRoot('where the owner says so they run as the owner, and all that shows the rules says it', async () => {
  const { text, stderr } = await on('d', 'id -u; umask; ulimit -c')
  assert.is(text('x-stdout.txt'), `${NOBODY}\n0077\n0\n`, stderr)
  const { stdout } = await asUser('d', [BAK_NODE, 'status'])
  assert.match(stdout, /guards: +programs of others run as the user of this daemon: --allow-workloads/)
})

withSandbox(
  'clients of tasks send from within the sandbox, too, and where there is none only as their owner says',
  async () => {
    const requested = new Map<string, number>()
    const site = createServer(({ url = '' }, response) => {
      requested.set(url, (requested.get(url) ?? 0) + 1)
      response.end('x')
    })
    await new Promise<void>(resolve => site.listen(0, '127.0.0.1', resolve))
    const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
    const tasks = (on: string, path: string) =>
      `[load]\non = "${on}"\n[[task]]\nclients = 4\niterations = 25\noperation = { type = "http", url = "${origin}${path}" }\n`
    try {
      const ended = await runWorkloads(net, 'c', tasks('a,d', '/both'))
      assert.is(ended.status, 0, ended.stderr)
      assert.ok((requested.get('/both') ?? 0) >= 100)
      const samples = ended.record.workload.flatMap(({ metrics = [] }) =>
        metrics.filter(each => each.name === 'http.samples')
      )
      assert.equal(
        samples.map(({ value }) => value),
        [100]
      )
      const refused = await runWorkloads(net, 'c', tasks('b', '/b'))
      assert.is(refused.status, 3)
      assert.match(JSON.stringify(refused.record.excluded), /allow\.workloads lets programs of others run only apart/)
      assert.is(requested.get('/b'), undefined)
    } finally {
      site.closeAllConnections()
      site.close()
    }
  }
)

users.run()
