/** The limits that an owner sets to runs of others, and what they can look up and end: real daemons. */

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { BAK_NODE } from '../../testnets/programs.ts'
import { finished, goneWithin, processesWith, startRun, Testnet, uniqueSleep } from '../helpers/mesh.ts'
import { ownTool, runOwnTool, script } from '../helpers/own-tool.ts'
import { skipWhere } from '../helpers/skip.ts'

const limits = suite('the limits of an owner')
const needsRoot = process.getuid?.() === 0 ? undefined : 'the daemons must be root’s'
const asRoot = skipWhere(needsRoot, limits)
let net: Testnet
let folder: string

limits.before(async () => {
  if (needsRoot != null) return
  folder = mkdtempSync(join(tmpdir(), 'bak-limits-'))
  mkdirSync(join(folder, 'a'), { mode: 0o700 })
  const config = '[run_limits]\nlease = "20m"\ntime = "1h"\nruns = 1\nbytes = 5_000_000\npids = 20\n'
  writeFileSync(join(folder, 'a/config.toml'), `${config}[allow]\nenvironment = ["BAK_TEST_LICENSE"]\n`)
  net = await Testnet.start({ folder, peers: ['a', 'c'], env: { BAK_TEST_LICENSE: '27000@license', OTHER: 'x' } })
})
limits.after(async () => {
  await net?.stop()
  if (folder != null) rmSync(folder, { recursive: true, force: true })
})

const TIMEOUT = '[policy]\ntimeout = 60\nlease = 600'
const onA = (line: string, more = TIMEOUT, work?: string[]) =>
  runOwnTool(net, { controller: 'c', member: 'a', command: script(line), more, work })
const bakNode = (words: string[]) =>
  finished(spawn(BAK_NODE, ['--home', net.peer('a').home, ...words], { stdio: ['ignore', 'pipe', 'pipe'] }))

const capped: Array<[title: string, more: string, why: RegExp]> = [
  ['a longer lease', '[policy]\ntimeout = 60\nlease = 7200', /run_limits\.lease is 20m, and the run asks for 7200 s/],
  ['no longest time', '[policy]\nlease = 600', /run_limits\.time is 1h, and the run names no longest time/],
  [
    'a longer time',
    '[policy]\ntimeout = 7200\nlease = 600',
    /run_limits\.time is 1h, and the workloads of the run may take 7200 s/
  ]
]
for (const [title, more, why] of capped) {
  asRoot(`a run that asks for ${title} is refused at join, by name`, async () => {
    const { stderr } = await onA('id', more)
    assert.match(stderr, /excluded=a phase=join not-allowed: run_limits/)
    assert.match(stderr, why)
  })
}

asRoot('one run more at once than the owner allows is refused at join, by name, and one later is let in', async () => {
  const first = await startRun(net, 'c', [ownTool(net, 'a', script('id'), TIMEOUT), '--', 'sleep', '30'])
  await first.until(event => event.type === 'workload-started')
  const { stderr } = await onA('id')
  assert.match(stderr, /run_limits\.runs is 1, and this would be run 2 of its controller here/)
  first.kill('SIGINT')
  await first.finished
  const { stderr: later, text } = await onA('id')
  assert.match(text('x-stdout.txt'), /uid=/, later)
})

asRoot('a tool that writes more than its budget is ended, and named with the reason', async () => {
  const line = 'echo begun; for i in 1 2 3 4 5 6 7 8 9; do head -c 1000000 /dev/zero > f$i; done'
  const { stderr, status } = await onA(line, TIMEOUT, ['sleep', '4'])
  assert.match(stderr, /x on a: was ended: it wrote more than 5000000 bytes: run_limits\.bytes/, stderr)
  assert.is(status, 0)
})

asRoot('one file cannot be larger than the budget, between two looks at the disk', async () => {
  const { text } = await onA('head -c 50000000 /dev/zero > f; ls -l f; echo end')
  const size = Number(/ (\d+) \w+ +\d+ [\d:]+ f$/m.exec(text('x-stdout.txt'))?.[1])
  assert.ok(size > 0 && size <= 5_000_192, text('x-stdout.txt') + text('x-stderr.txt'))
})

const hidden: Array<[title: string, line: string]> = [
  [
    'in files that it deletes and keeps open',
    'exec 3>f 4>g; rm f g; head -c 4000000 /dev/zero >&3; head -c 4000000 /dev/zero >&4'
  ],
  [
    'in a folder whose name is no text',
    'mkdir "$(printf "d\\377")"; cd d*; for i in 1 2 3; do head -c 2000000 /dev/zero > f$i; done'
  ]
]
for (const [title, line] of hidden) {
  asRoot(`a tool that hides what it writes ${title} is ended all the same`, async () => {
    const { stderr } = await onA(`echo begun; ${line}`, TIMEOUT, ['sleep', '4'])
    assert.match(stderr, /x on a: was ended: it wrote more than 5000000 bytes: run_limits\.bytes/, stderr)
  })
}

asRoot('a tool that hides what it writes deeper than a path can say is ended all the same', async () => {
  const line = 'n=$(printf %0200d 0); i=0; while [ $i -lt 30 ]; do mkdir $n; cd -P $n; i=$((i+1)); done; echo deep > f'
  const { stderr } = await onA(`echo begun; ${line}`, TIMEOUT, ['sleep', '4'])
  assert.match(stderr, /x on a: was ended: .*0{100}.* cannot be looked at \(ENAMETOOLONG\)/, stderr)
})

asRoot('what a tool writes where anybody may write is gone with it, where the machine can do that', async () => {
  const { stdout } = await bakNode(['status'])
  const mark = `bak-left-${process.pid}`
  const places = ['/tmp', '/var/tmp', '/dev/shm'].map(folder => `${folder}/${mark}`)
  const { text, stderr } = await onA(`for f in ${places.join(' ')}; do echo mine > $f && cat $f; done; echo end`)
  assert.match(text('x-stdout.txt'), /end/, stderr)
  const left = places.filter(path => existsSync(path))
  for (const path of left) rmSync(path)
  if (/with a \/tmp of their own/.test(stdout))
    assert.equal([text('x-stdout.txt'), left], [`${'mine\n'.repeat(3)}end\n`, []])
  else assert.match(stdout, /absent: .*a \/tmp of their own: /)
})

asRoot('a run has no more processes than its owner allows, where there is a controller for it', async () => {
  const { stdout } = await bakNode(['status'])
  const has = /a cgroup for each run: [^;\n]*pids/.test(stdout)
  const { text, stderr } = await onA('n=0; while [ $n -lt 40 ]; do sleep 60 & n=$((n+1)); done; echo all')
  if (has) assert.match(text('x-stderr.txt'), /[Cc]annot fork|Resource temporarily unavailable/, stderr)
  else assert.match(stdout, /absent: .*pids/)
})

asRoot('tools get the variables that the owner lists, and no others', async () => {
  const { text, stderr } = await onA('echo "<$BAK_TEST_LICENSE> <$OTHER>"')
  assert.is(text('x-stdout.txt'), '<27000@license> <>\n', stderr)
})

asRoot('bak-node allow shows the rules and judges as the door does', async () => {
  const shown = await bakNode(['allow'])
  assert.is(shown.status, 0, shown.stderr)
  assert.match(shown.stdout, /^allow\.workloads +"guarded" +default$/m)
  assert.match(shown.stdout, /^run_limits\.lease +"?20m"?\s+(origin: )?\S*config\.toml:\d+$/m, shown.stdout)
  assert.match(shown.stdout, /programs of others run as \S+ \(\d+\), without privileges/)
  const fits = await bakNode(['allow', '--try', ownTool(net, 'a', script('id'), TIMEOUT), '--as', 'c'])
  assert.is(fits.status, 0, fits.stderr)
  assert.match(fits.stdout, /of c would be let in/)
  const not = await bakNode(['allow', '--try', ownTool(net, 'a', script('id'), '[policy]\nlease = 7200'), '--as', 'c'])
  assert.is(not.status, 77)
  assert.match(not.stderr, /of c would be refused: run_limits\.lease is 20m/)
  const own = await bakNode(['allow', '--try', ownTool(net, 'a', script('id'), '[policy]\nlease = 7200')])
  assert.is(own.status, 0, own.stderr)
  const nobody = await bakNode(['allow', '--try', ownTool(net, 'a', script('id')), '--as', 'zoe'])
  assert.match(nobody.stderr, /no peer that is known here fits "zoe"/)
})

asRoot('bak-node audit prints what was started for whom, and how it ended', async () => {
  const { run } = await onA('printf "\\033]0;evil\\007"')
  const { stdout } = await bakNode(['audit', '--run', run])
  const [start = '', end = '', ...more] = stdout.trim().split('\n')
  assert.equal(more, [])
  assert.match(
    start,
    new RegExp(
      `^\\S+Z start ${run} 12D3Koo\\S+ x \\[as \\S+ \\(\\d+\\), without privileges[^;]*; sha256 \\w{64}\\] /bin/sh -c "printf`
    )
  )
  assert.match(end, /end .* \[signal SIGTERM\]/)
  assert.not.match(stdout, /[^\n -~]/)
})

asRoot('bak-node stop-all ends what runs for others, and what they measured is kept', async () => {
  const mark = uniqueSleep()
  const command = ['/bin/sh', '-c', `echo data; setsid sleep ${mark} & exec sleep ${mark}`]
  const run = await startRun(net, 'c', [ownTool(net, 'a', command, TIMEOUT), '--quorum', '1', '--', 'sleep', '5'])
  await run.until(event => event.type === 'workload-started')
  assert.ok(processesWith(mark).length >= 2, JSON.stringify(run.events))
  const { stdout } = await bakNode(['stop-all'])
  assert.is(stdout, `ended: ${run.run}\n`)
  await goneWithin(mark, 5_000)
  const began = performance.now()
  const { folder: result } = JSON.parse((await run.finished).stdout.trim().split('\n').at(-1) as string)
  assert.ok(
    performance.now() - began < 30_000,
    'its answer to the last phase arrives: the phase does not wait for its deadline of 60 s'
  )
  assert.is(readFileSync(join(result, '1-default/sample1/tools-default/a/x/x-stdout.txt'), 'utf8'), 'data\n')
  assert.is((await bakNode(['stop-all'])).stdout, 'no run of another peer is in progress here\n')
})

limits.run()
