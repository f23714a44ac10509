/** What the workloads of a controller can do to the machine of another peer: real daemons, as root. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { goneWithin, processesWith, Testnet, uniqueSleep } from '../helpers/mesh.ts'
import { skipWhere } from '../helpers/skip.ts'
import { until } from '../helpers/until.ts'
import { endOf, runWorkloads, startFile, workload } from '../helpers/workloads.ts'

const test = suite('workloads that a controller brings')
const needsRoot = process.getuid?.() === 0 ? undefined : 'the daemons must be root’s'
const asRoot = skipWhere(needsRoot, test)
let net: Testnet
let folder: string

test.before(async () => {
  if (needsRoot != null) return
  folder = mkdtempSync(join(tmpdir(), 'bak-workloads-'))
  const config: Record<string, string> = {
    a: '[run_limits]\nbytes = 2_000_000_000\n',
    small: '[run_limits]\nbytes = 5_000_000\ntime = "1h"\n',
    never: '[allow]\nworkloads = false\n',
    listed: '[allow]\nexec = ["sleep", "sh -c true"]\npaths = ["/usr"]\n'
  }
  for (const [name, text] of Object.entries(config)) {
    mkdirSync(join(folder, name), { mode: 0o700 })
    writeFileSync(join(folder, name, 'config.toml'), text)
  }
  net = await Testnet.start({ folder, peers: ['a', 'small', 'never', 'listed', 'c'] })
})
test.after(async () => {
  await net?.stop()
  if (folder != null) rmSync(folder, { recursive: true, force: true })
})

const on = (member: string, line: string, more = '') =>
  runWorkloads(net, 'c', `on = "${member}"\n${workload('x', line, more)}`)
const out = 'workload/a/x/'

asRoot('run as another user, in a folder of their own, and what they write to BAK_OUT comes home', async () => {
  const line =
    'id -u; pwd; echo "$BAK_OUT"; echo kept > "$BAK_OUT/f"; echo scratch > s; cat "$BAK_PEERS" | head -c 1; ls -A'
  const ended = await on('a', line, 'env = { LD_PRELOAD = "/no/such.so" }')
  assert.is(ended.status, 0, ended.stderr)
  const [uid, cwd, given, ...more] = ended.text(`${out}stdout.txt`).split('\n')
  assert.ok(Number(uid) > 0)
  for (const each of [cwd, given]) assert.ok(!each?.startsWith(folder), each)
  assert.is.not(cwd, given)
  assert.equal(more, ['{.bak', 's', ''])
  assert.is(ended.text(`${out}f`), 'kept\n')
  assert.not.ok(ended.exists(`${out}s`))
  // what starts the program runs as root: the variables of the run are none of its
  const loaded = ended.text(`${out}stderr.txt`).match(/setpriv|bak-start/g)
  assert.is(loaded, null, ended.text(`${out}stderr.txt`))
})

asRoot('are in the audit, with who asked, their words and how they ended', async () => {
  const { run } = await on('a', 'exit 5')
  const lines = readFileSync(join(net.peer('a').home, 'audit'), 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
    .filter(line => line.run === run)
  assert.equal(
    lines.map(({ event, name, argv, exit }) => [event, name, argv, exit]),
    [
      ['start', 'workload x', ['/bin/sh', '-c', 'exit 5'], undefined],
      ['end', 'workload x', ['/bin/sh', '-c', 'exit 5'], 5]
    ]
  )
})

asRoot('leave nothing, whatever sessions they made: not when they end, not when their daemon is killed', async () => {
  const mark = uniqueSleep()
  const forks = `sleep ${mark} & setsid sleep ${mark} & (setsid sh -c "sleep ${mark} & sleep ${mark}" &)`
  const ended = await on('a', `${forks}; sleep 0.5`)
  assert.is(ended.status, 0, ended.stderr)
  assert.equal(processesWith(mark), [])
  const shown = await net.bak('c', ['show', ended.run])
  assert.match(shown.stdout, /^a +stop .*left running when its programs had ended, and killed: .*sleep \(\d\)/m)
  const run = await startFile(
    net,
    'c',
    `on = "a"\n${workload('x', `${forks}; exec sleep ${mark}`)}[policy]\nlost_timeout = 1\n`
  )
  await until(() => processesWith(mark).length >= 5, { what: () => `${processesWith(mark).length} processes run` })
  await net.stopPeer('a', 'SIGKILL')
  await goneWithin(mark, 5_000)
  await run.finished
  await net.startPeer('a')
})

asRoot('leave nothing on the controller either, where a lone command is one, and what they left is named', async () => {
  const mark = uniqueSleep()
  const line = `setsid sleep ${mark} & (setsid sh -c "sleep ${mark} & sleep ${mark}" &); sleep 0.3`
  const { status, stderr } = await net.bak('c', ['run', '--on', 'c', '--tools', 'none', '--', 'sh', '-c', line])
  assert.is(status, 0, stderr)
  assert.equal(processesWith(mark), [])
  const shown = await net.bak('c', ['show', 'last'])
  assert.match(shown.stdout, /^c +stop .*left running when its programs had ended, and killed: .*sleep/m)
})

asRoot('are ended by the owner, and named with the reason', async () => {
  const mark = uniqueSleep()
  const run = await startFile(net, 'c', `on = "a"\n${workload('x', `setsid sleep ${mark} & exec sleep ${mark}`)}`)
  await until(() => processesWith(mark).length >= 2, { what: 'it runs' })
  for await (const _ of net.call('a', 'stop-all', {}));
  await goneWithin(mark, 5_000)
  const ended = await endOf(net, 'c', run)
  assert.is.not(ended.status, 0)
})

asRoot('that fill the disk are ended by the budget, and named with it', async () => {
  const line = 'for i in 1 2 3 4 5 6 7 8 9; do head -c 1000000 /dev/urandom > $DIR/f$i; done; exec sleep 30'
  for (const place of ['$BAK_OUT', '.']) {
    const ended = await on('small', line.replace('$DIR', place), 'timeout = 60')
    assert.is(ended.status, 1, ended.stderr)
    assert.match(
      ended.record.reason ?? '',
      /x on small: ended by SIG(TERM|KILL): it wrote more than 5000000 bytes: run_limits\.bytes/
    )
  }
})

asRoot('that print a gigabyte cost the daemon nothing, and all of it is there', async () => {
  const memory = () =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${net.peer('a').child?.pid}/status`, 'utf8'))?.[1])
  const before = memory()
  const ended = await on('a', 'head -c 1073741824 /dev/zero')
  assert.is(ended.status, 0, ended.stderr)
  const grown = (memory() - before) / 1024
  assert.ok(grown < 150, `${grown} MiB more`)
  assert.is(ended.size(`${out}stdout.txt`), 1_073_741_824)
})

const refused: Array<[title: string, member: string, line: string, more: string, why: RegExp]> = [
  [
    'whose owner lets no program of others run',
    'never',
    'true',
    '',
    /allow\.workloads lets no program of others run, as workload x would/
  ],
  [
    'whose owner names other programs',
    'listed',
    'false',
    '',
    /allow\.exec (names|does not name) .*, the command of workload x|which runs other programs/
  ],
  [
    'whose owner names programs, with variables',
    'listed',
    'true',
    'env = { LD_PRELOAD = "x" }',
    /allow\.exec names programs, and workload x sets LD_PRELOAD/
  ],
  [
    'whose owner names folders, in another one',
    'listed',
    'true',
    'directory = "/etc"',
    /allow\.paths has no folder with \/etc, the directory of workload x/
  ],
  [
    'whose owner limits the time, without one',
    'small',
    'true',
    '',
    /run_limits\.time is 1h, and the run names no longest time/
  ]
]
for (const [title, member, line, more, why] of refused) {
  asRoot(`are refused at join by a member ${title}, by the rule and where it is set`, async () => {
    const ended = await on(member, line, more)
    assert.is(ended.status, 3, ended.stderr)
    assert.match(ended.record.reason ?? '', why)
    assert.match(ended.record.reason ?? '', new RegExp(`^${member}: .*it is set in .*/${member}/config.toml`))
  })
}

asRoot('that the owner names are let in, and a dry run and the owner see the same', async () => {
  const ended = await on('listed', 'true')
  assert.is(ended.status, 0, ended.stderr)
  const file = join(net.folder, 'try.toml')
  writeFileSync(file, `on = "never"\n${workload('x', 'true')}`)
  const planned = await net.bak('c', ['run', '--dry-run', file])
  assert.is(planned.status, 3)
  assert.match(planned.stdout, /would not take part: allow\.workloads lets no program/)
})

test.run()
