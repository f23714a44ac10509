/** What a controller's programs can do to the machine of another peer, here of the founder: real daemons, as root. */
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { BAK_NODE } from '../../testnets/programs.ts'
import { goneWithin, processesWith, startRun, type Testnet, uniqueSleep, useTestnet } from '../helpers/mesh.ts'
import { ownTool, runOwnTool, scriptAtOnce } from '../helpers/own-tool.ts'
import { skipWhere } from '../helpers/skip.ts'
import { until } from '../helpers/until.ts'

const programs = suite('programs that a controller brings')
const needsRoot = process.getuid?.() === 0 ? undefined : 'the daemons must be root’s'
const asRoot = skipWhere(needsRoot, programs)
const env = { BAK_TEST_SECRET: 'of-the-daemon', AWS_SECRET_ACCESS_KEY: 'of-the-daemon' }
const none = (): Testnet => {
  throw new Error(needsRoot)
}
const net = needsRoot == null ? useTestnet(programs, { peers: ['a', 'c'], env }) : none

/** Runs a line as a tool on the founder, for the controller c. @returns what it wrote, and where its files are */
async function onFounder(line: string, work?: string[]) {
  const ended = await runOwnTool(net(), { controller: 'c', member: 'a', command: scriptAtOnce(line), work })
  return { ...ended, stdout: ended.text('x-stdout.txt'), stderr: ended.text('x-stderr.txt'), report: ended.stderr }
}

asRoot('run as another user without groups, capabilities and the chance to get some', async () => {
  const line = 'id -u; id -G; grep -E "^(CapEff|CapPrm|CapBnd|CapAmb|NoNewPrivs)" /proc/self/status; umask; ulimit -c'
  const { stdout, report } = await onFounder(line)
  const [uid, groups, ...lines] = stdout.trim().split('\n')
  assert.ok(Number(uid) > 0, report)
  assert.ok(!groups?.split(' ').includes('0'), groups)
  const fields = Object.fromEntries(lines.filter(each => each.includes(':')).map(each => each.split(/:\s+/)))
  assert.equal(fields, {
    CapPrm: '0'.repeat(16),
    CapEff: '0'.repeat(16),
    CapBnd: '0'.repeat(16),
    CapAmb: '0'.repeat(16),
    NoNewPrivs: '1'
  })
  assert.equal(lines.slice(-2), ['0077', '0'])
})

asRoot('can neither read the key nor invite: the kernel refuses it', async () => {
  const { home } = net().peer('a')
  const line = `cat ${home}/key; ls ${home}; ${BAK_NODE} --home ${home} invite --role admin; ls ${home}/..`
  const { stdout, stderr } = await onFounder(line, ['sleep', '3'])
  assert.is(stdout, '')
  assert.match(stderr, new RegExp(`cat: ${home}/key: (Permission denied|No such file)`))
  assert.match(stderr, /bak-node: /, 'the invitation was tried')
  assert.ok(!readFileSync(join(home, 'trust.json'), 'utf8').includes('"admin"'))
})

asRoot('run as that user, too, where an option of a tool of bak runs them', async () => {
  const spec = join(net().folder, 'by-option.toml')
  const command = ['/bin/sh', '-c', 'id -u >&2; exec sleep 60']
  writeFileSync(
    spec,
    `tools = ["pidstat"]\non = "a"\n[tool.pidstat]\noptions = ${JSON.stringify(['-e', ...command])}\n`
  )
  const { stdout, stderr } = await net().bak('c', ['run', spec, '--quorum', '1', '--json', '--', 'sleep', '1'])
  const { folder } = JSON.parse(stdout.trim().split('\n').at(-1) as string)
  const said = readFileSync(join(folder, '1-default/sample1/tools-default/a/pidstat/pidstat-stderr.txt'), 'utf8')
  assert.match(said, /^[1-9]\d*$/m, stderr)
  assert.not.match(said, /^0$/m)
})

asRoot('get a chosen environment: nothing of the daemon’s, nothing of the caller’s', async () => {
  const { stdout } = await onFounder('env; echo end')
  assert.match(stdout, /^end$/m)
  assert.not.match(stdout, /of-the-daemon/)
  const names = stdout.split('\n').map(line => line.split('=')[0])
  const known =
    /^(PATH|HOME|TMPDIR|USER|LOGNAME|TZ|LC_ALL|NO_COLOR|TERM|S_COLORS|S_TIME_FORMAT|PWD|OLDPWD|SHLVL|_|end|)$/
  assert.equal(
    names.filter(name => !known.test(name as string)),
    []
  )
})

asRoot('work in a folder of their own, and what they write there comes home, but no file of another', async () => {
  const line =
    'pwd; echo mine > f; mkdir d; echo deep > d/g; ln -s /etc/shadow l; ln /etc/passwd h; touch "$HOME/home" "$TMPDIR/t"; echo done'
  const { stdout, text, folder } = await onFounder(line)
  assert.match(stdout, /^\/.*\ndone\n$/)
  assert.not.match(stdout, net().folder)
  assert.is(text('f'), 'mine\n')
  assert.is(text('d/g'), 'deep\n')
  assert.ok(existsSync(join(folder, 'home')))
  assert.ok(!existsSync(join(folder, 'h')))
  assert.ok(!existsSync(stdout.split('\n')[0] as string), 'the folder is gone')
})

asRoot('change nothing outside of their folders, also where anybody may write', async () => {
  const open = mkdtempSync('/var/lib/bak-test-open-')
  try {
    chmodSync(open, 0o1777)
    const line = `for f in ${open}/x /run/lock/bak-test-open; do touch $f && echo left $f; done; touch in /tmp/t /dev/shm/t "$TMPDIR/t" && echo wrote`
    const { stdout, stderr } = await onFounder(line)
    assert.is(stdout, 'wrote\n', stderr)
    assert.match(stderr, /touch: cannot touch '\S+\/x': Read-only file system/)
    assert.equal(readdirSync(open), [])
  } finally {
    rmSync(open, { recursive: true })
  }
})

asRoot('leave nothing behind when the daemon is killed, whatever sessions they made', async () => {
  const mark = uniqueSleep()
  const line = `sleep ${mark} & setsid sleep ${mark} & (setsid sh -c "sleep ${mark} & sleep ${mark}" &) ; exec sleep ${mark}`
  const run = await startRun(net(), 'c', [
    ownTool(net(), 'a', ['/bin/sh', '-c', line]),
    '--quorum',
    '1',
    '--',
    'sleep',
    '30'
  ])
  await run.until(event => event.type === 'workload-started')
  await until(() => processesWith(mark).length >= 5, { what: () => `${processesWith(mark).length} processes run` })
  await net().stopPeer('a', 'SIGKILL')
  await goneWithin(mark, 5_000)
  await net().startPeer('a')
  run.kill('SIGINT')
  await run.finished
})

asRoot('end with their tool, whatever sessions they made', async () => {
  const mark = uniqueSleep()
  const { report } = await onFounder(`setsid sleep ${mark} & (setsid sh -c "sleep ${mark} & sleep ${mark}" &); echo up`)
  assert.equal(processesWith(mark), [], report)
})

asRoot('are in the audit, with who asked, their words and how they ran and ended', async () => {
  const { run } = await onFounder('echo "two words"')
  const lines = readFileSync(join(net().peer('a').home, 'audit'), 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  const [start, end, ...more] = lines.filter(line => line.run === run)
  assert.equal(more, [])
  assert.is(start.event, 'start')
  assert.is(end.event, 'end')
  assert.equal(start.argv, scriptAtOnce('echo "two words"'))
  assert.match(start.by, /^12D3Koo/)
  assert.match(start.as, /^as (bak-run|nobody) \(\d+\), without privileges/)
  assert.is(end.signal, 'SIGTERM')
})

programs.run()
