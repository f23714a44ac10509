import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { decode } from '../../protocols/codec.ts'
import { envelope, open } from '../../protocols/envelope.ts'
import { ackSubject, certificateSubject } from '../../protocols/phase.ts'
import { bakNode, goneWithin, processesWith, record, startRun, uniqueSleep, useTestnet } from '../helpers/mesh.ts'

const flags: Record<string, string[]> = {
  b: ['--allow-tools', 'proc,vmstat', '--allow-exec', 'sleep', '--allow-paths', 'none'],
  c: ['--allow-controllers', 'none']
}
const allow = suite('what a member allows')
const net = useTestnet(allow, { peers: ['a', 'b', 'c', 'd'], args: name => flags[name] ?? [] })

const refused: Array<[title: string, args: string[], on: string, why: RegExp]> = [
  ['a tool that is not in its list', ['--tools', 'sar'], 'b', /allow\.tools does not name sar/],
  [
    'a program that is not in its list',
    ['--tool', 'x=touch x'],
    'b',
    /allow\.exec does not name touch, the command of tool x/
  ],
  [
    'a shell line in which such a program is hidden',
    ['--tool', 'x=sleep 1; touch x'],
    'b',
    /allow\.exec does not name \/bin\/sh/
  ],
  ['a program by its path', ['--tool', 'x=/bin/sleep 9'], 'b', /allow\.paths has no folder with \/bin\/sleep/],
  ['a run of a peer that it does not obey', ['--tools', 'proc'], 'c', /allow\.controllers does not name 12D3Koo/]
]
for (const [title, args, on, why] of refused) {
  allow(`${title} is refused at join, and who asked reads by which rule and where it is changed`, async () => {
    const { status, stderr } = await net().bak('a', ['run', '--on', `a,${on}`, ...args, '--', 'true'])
    assert.is(status, 3, stderr)
    assert.match(stderr, why)
    assert.match(stderr, `it is set in ${net().peer(on).home}/config.toml or by --allow-`)
    assert.match(stderr, `excluded=${on} phase=join not-allowed: `)
  })
}

allow('a run that too few may join names those alone, though others were still joining, and is proven', async () => {
  const run = await startRun(net(), 'a', ['--on', 'a,c,d', '--', 'true'])
  assert.is((await run.finished).status, 3)
  assert.equal(
    record(net(), 'a', run.run).excluded.map(({ name, phase }) => [name, phase]),
    [['c', 'join']]
  )
  const { status, stdout } = await net().bak('a', ['verify', run.run])
  assert.is(status, 0, stdout)
})

allow('what is in its lists runs, a program by name too', async () => {
  const seconds = uniqueSleep()
  const args = ['--on', 'b', '--tools', 'vmstat', '--tool', `x=sleep ${seconds}`]
  const { status, stderr } = await net().bak('a', ['run', ...args, '--', 'true'])
  assert.is(status, 0, stderr)
  // it ran until it was stopped, and prints nothing
  assert.equal(stderr.match(/^missing .*$/gm), ['missing x on b: wrote nothing'])
  await goneWithin(seconds, 2_000)
})

allow(
  'its signed refusal stands in the certificate of join, and the run goes on without it if others are enough',
  async () => {
    const args = ['run', '--json', '--on', 'b,c', '--tools', 'proc', '--quorum', '1', '--', 'true']
    const { status, stdout, stderr } = await net().bak('a', args)
    assert.is(status, 0, stderr)
    const { run } = JSON.parse(stdout.split('\n')[0] as string)
    const { excluded, partial } = record(net(), 'a', run)
    assert.ok(partial)
    assert.equal(
      excluded.map(({ name, phase, code }) => ({ name, phase, code })),
      [{ name: 'c', phase: 'join', code: 'not-allowed' }]
    )
    const path = join(net().peer('a').home, 'runs', run, 'certificates/0001-join.cbor')
    const { value } = open(certificateSubject, decode(envelope, new Uint8Array(readFileSync(path))))
    const answers = value.acks.map(ack => open(ackSubject, ack)).map(({ by, value }) => [by, value.outcome, value.code])
    const [c] = (await net().members('a')).filter(member => member.name === 'c')
    assert.ok(answers.some(answer => String(answer) === `${c?.peer},refused,not-allowed`))
    const { status: verified, stdout: report } = await net().bak('a', ['verify', run])
    assert.is(verified, 0, report)
  }
)

allow('a peer that obeys nobody else still drives runs of its own', async () => {
  const { status, stderr } = await net().bak('c', ['run', '--on', 'c,d', '--tools', 'proc', '--', 'true'])
  assert.is(status, 0, stderr)
})

allow('its owner’s word holds for tools of its own runs, too', async () => {
  const own = await net().bak('b', ['run', '--on', 'b', '--tools', 'sar', '--', 'true'])
  assert.is(own.status, 3)
  assert.match(own.stderr, /allow\.tools does not name sar/)
  const workload = await net().bak('b', ['run', '--on', 'b', '--tools', 'proc', '--', 'touch', 'from-b'])
  assert.is(workload.status, 0, workload.stderr)
})

allow('bak check says beforehand what may not be used where', async () => {
  const { status, stdout } = await net().bak('a', ['check', '--on', 'b', '--tools', 'proc,sar'])
  assert.is(status, 78)
  assert.match(stdout, /b: sar is missing: allow\.tools does not name sar/)
})

allow(
  'bak-node allow fits 80 columns, with a line for each limit; a run file that is not there is named in words',
  async () => {
    const { status, stdout } = await bakNode(net(), 'a', ['allow'])
    assert.is(status, 0)
    assert.match(stdout, /^run_limits\.pids +4096 +default$/m)
    assert.match(stdout, /^run_limits\.bytes +10737418240 +default$/m)
    // what stands behind two spaces is prose
    for (const line of stdout.split('\n').filter(each => !each.startsWith('  '))) assert.ok(line.length <= 80, line)
    const missing = await bakNode(net(), 'a', ['allow', '--try', '/no/such.toml'])
    assert.equal([missing.status, missing.stderr], [65, 'bak-node: --try /no/such.toml: no such file or directory\n'])
  }
)

allow('a daemon that is started anew with stricter rules refuses what it had agreed to', async () => {
  const seconds = uniqueSleep()
  const file = join(net().folder, 'go')
  const spec = join(net().folder, 'run.toml')
  writeFileSync(spec, `tools = ["x"]\n[tool.x]\ncommand = ["sleep", "${seconds}"]\n`)
  const args = [spec, '--on', 'a,d', '--samples', '2', '--quorum', '1', '--phase-timeout', '15']
  const run = await startRun(net(), 'a', [...args, '--', 'sh', '-c', `while [ ! -e ${file} ]; do sleep 0.1; done`])
  await run.until(event => event.type === 'workload-started')
  assert.is(processesWith(seconds).length, 2)
  await net().stopPeer('d', 'SIGKILL')
  writeFileSync(join(net().peer('d').home, 'config.toml'), '[allow]\nexec = false\n')
  await net().startPeer('d')
  await net().until('a', members => members.some(member => member.name === 'd' && member.state === 'busy'))
  writeFileSync(file, '')
  const { status, stderr } = await run.finished
  assert.is(status, 0, stderr)
  const [out, ...more] = record(net(), 'a', run.run).excluded
  assert.equal(more, [])
  assert.is(`${out?.name} ${out?.phase} ${out?.code}`, 'd start not-allowed')
  assert.match(out?.reason as string, 'allow.exec does not name sleep')
  await goneWithin(seconds, 3_000)
})

allow.run()
