import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  goneWithin,
  isPhase,
  journal,
  processesWith,
  record,
  type Started,
  startRun,
  uniqueSleep,
  useTestnet
} from '../helpers/mesh.ts'

const flags: Record<string, string[]> = { c: ['--allow-tools', 'proc,vmstat'] }
const attach = suite('tools that are attached to a run that goes on, and detached')
const net = useTestnet(attach, { peers: ['a', 'b', 'c'], args: name => flags[name] ?? [] })

const folderOf = (run: string, ...path: string[]) => join(net().peer('a').home, 'runs', run, ...path)
/** Whether a tool was run in a sample. */
const ran = ({ run }: Started, sample: number, member: string, tool: string) =>
  existsSync(folderOf(run, `1-default/sample${sample}/tools-default/${member}/${tool}`))

/** Each sample waits until the test lets it end. */
async function gatedRun(args: string[]) {
  const gate = join(net().folder, `gate-${uniqueSleep()}`)
  const script = `until [ -e ${gate}$BAK_SAMPLE ]; do sleep 0.05; done`
  const run = await startRun(net(), 'a', [...args, '--', 'sh', '-c', script])
  const begins = (sample: number) =>
    run.until(event => event.type === 'workload-started' && event.step.sample === sample)
  return { run, begins, open: (sample: number) => writeFileSync(`${gate}${sample}`, '') }
}
const verifies = async (run: string) => {
  const { status, stdout, stderr } = await net().bak('a', ['verify', run])
  assert.is(status, 0, stdout + stderr)
}

attach(
  'a tool runs from the next sample on, until it is detached, as asked on any peer; both are on record',
  async () => {
    const { run, begins, open } = await gatedRun([
      '--tools',
      'proc',
      '--on',
      'a,b',
      '--samples',
      '3',
      '--interval',
      '1'
    ])
    await begins(1)
    const attached = await net().bak('b', ['tools', 'attach', run.run, 'vmstat', '--on', 'b', '--', '-a'])
    assert.is(attached.status, 0, attached.stderr)
    assert.is(attached.stdout.trim(), `vmstat: attached to b, from the next sample of ${run.run} on`)
    open(1)
    await begins(2)
    const detached = await net().bak('a', ['tools', 'detach', run.run, 'vmstat', '--on', 'b', '--json'])
    assert.equal(JSON.parse(detached.stdout), { run: run.run, members: ['b'], refused: [] })
    assert.is((await net().bak('a', ['tools', 'detach', 'last', 'proc'])).status, 0)
    open(2)
    await begins(3)
    open(3)
    assert.is((await run.finished).status, 0)
    const of = (tool: string, member: string) => [1, 2, 3].map(sample => ran(run, sample, member, tool))
    assert.equal(
      [of('vmstat', 'b'), of('vmstat', 'a')],
      [
        [false, true, false],
        [false, false, false]
      ]
    )
    assert.equal(
      [of('proc', 'a'), of('proc', 'b')],
      [
        [true, true, false],
        [true, true, false]
      ]
    )
    const command = readFileSync(folderOf(run.run, '1-default/sample2/tools-default/b/vmstat/vmstat.cmd'), 'utf8')
    assert.match(command, / -a /)
    const { tools = [], shortfalls } = record(net(), 'a', run.run)
    assert.equal(shortfalls, [])
    assert.equal(
      tools.map(({ change, tool, by, members, since }) => [change, tool, by, members, since?.sample]),
      [
        ['attach', 'vmstat', 'b', ['b'], 2],
        ['detach', 'vmstat', 'a', ['b'], 3],
        ['detach', 'proc', 'a', ['a', 'b'], 3]
      ]
    )
    const events = journal(net(), 'a', run.run).filter(({ type }) => type === 'tools-changed')
    assert.is(events.length, 3)
    const shown = await net().bak('a', ['show', run.run])
    assert.match(shown.stdout, /CHANGED +HOW +ON +BY +SINCE\nvmstat +attached +b +b +1-default\/sample2\n/)
    await verifies(run.run)
  }
)

attach(
  'a persistent tool starts with the next sample, and ends with the one from which on it is detached',
  async () => {
    const mark = uniqueSleep()
    const spec = join(net().folder, 'attach.toml')
    writeFileSync(
      spec,
      `tools = ["x", "proc"]
    on = "a,b"
    samples = 4
    [tool.x]
    command = ["/bin/sh", "-c", "echo begun; exec sleep ${mark}"]
    lifetime = "persistent"`
    )
    const { run, begins, open } = await gatedRun([spec])
    const running = () => processesWith(`sleep ${mark}`).length
    await begins(1)
    assert.is(running(), 2)
    assert.is((await net().bak('a', ['tools', 'detach', run.run, 'x', '--on', 'b'])).status, 0)
    assert.is(running(), 2, 'it goes on until the sample has ended')
    open(1)
    await begins(2)
    assert.is(running(), 1)
    assert.is((await net().bak('a', ['tools', 'attach', run.run, 'x', '--on', 'b'])).status, 0)
    open(2)
    await begins(3)
    assert.is(running(), 2)
    open(3)
    await begins(4)
    open(4)
    assert.is((await run.finished).status, 0)
    const { shortfalls, sent } = record(net(), 'a', run.run)
    assert.equal(shortfalls, [])
    assert.ok(sent.some(({ name, what }) => name === 'b' && what === 'persistent tools'))
    for (const folder of ['x', 'x/restart1'])
      assert.is(readFileSync(folderOf(run.run, 'tools-default/b', folder, 'x-stdout.txt'), 'utf8'), 'begun\n')
    await verifies(run.run)
    await goneWithin(mark, 5_000)
  }
)

attach('whose owner forbids it refuses it by name, and the others get it', async () => {
  const { run, begins, open } = await gatedRun(['--tools', 'proc', '--samples', '2'])
  await begins(1)
  const some = await net().bak('a', ['tools', 'attach', run.run, 'mpstat'])
  assert.is(some.status, 2, some.stderr)
  assert.match(some.stdout, /^mpstat: attached to a, b, from the next sample/)
  assert.match(some.stdout, /\nnot c: mpstat: allow\.tools does not name mpstat; it is set in /)
  const none = await net().bak('a', ['tools', 'attach', run.run, 'sar', '--on', 'c'])
  assert.is(none.status, 78)
  assert.match(none.stderr, /sar was attached nowhere: c: sar: allow\.tools does not name sar/)
  open(1)
  await begins(2)
  open(2)
  assert.is((await run.finished).status, 0)
  assert.equal(
    ['a', 'b', 'c'].map(member => ran(run, 2, member, 'mpstat')),
    [true, true, false]
  )
})

attach('what is unknown, has it already, has ended or is in its last sample is said', async () => {
  const { run, begins, open } = await gatedRun(['--tools', 'proc', '--samples', '2'])
  await begins(1)
  const mistakes: Array<[words: string[], status: number, why: RegExp]> = [
    [
      ['attach', run.run, 'vmstatt'],
      78,
      /vmstatt was attached nowhere: a: vmstatt: no such tool; did you mean vmstat\?/
    ],
    [['attach', run.run, 'proc'], 78, /proc was attached nowhere: a: it runs there already, b: it runs/],
    [['detach', run.run, 'sar'], 64, /sar of group default runs on none of these members; there are proc/],
    [['attach', run.run, 'vmstat', '--on', 'nobody'], 64, /no member of the run fits "nobody": there are a, b, c/],
    [['attach', run.run, 'vmstat', '--on', 'role=!'], 64, /no member of the run fits/],
    [['attach', '20200101T000000-nosuch', 'vmstat'], 66, /no run is known|has run/]
  ]
  for (const [words, status, why] of mistakes) {
    const answer = await net().bak('a', ['tools', ...words])
    assert.is(answer.status, status, `${words.join(' ')}: ${answer.stdout}${answer.stderr}`)
    assert.match(answer.stderr, why)
  }
  open(1)
  await begins(2)
  const late = await net().bak('b', ['tools', 'attach', run.run, 'vmstat'])
  assert.is(late.status, 70)
  assert.match(late.stderr, /is in its last sample: tools change with the next one/)
  open(2)
  assert.is((await run.finished).status, 0)
  const over = await net().bak('b', ['tools', 'detach', run.run, 'proc'])
  assert.is(over.status, 66)
  assert.match(over.stderr, /has ended already: ok/)
  assert.equal(record(net(), 'a', run.run).tools, undefined)
})

attach('a member whose daemon was killed has with the next start what was changed before', async () => {
  const args = ['--tools', 'proc', '--on', 'a,b', '--samples', '3', '--quorum', '1', '--policy', 'lost_timeout=0']
  const { run, begins, open } = await gatedRun(args)
  await begins(1)
  assert.is((await net().bak('a', ['tools', 'attach', run.run, 'vmstat', '--on', 'b'])).status, 0)
  open(1)
  await begins(2)
  await net().stopPeer('b', 'SIGKILL')
  await net().startPeer('b')
  await net().until('a', members => members.filter(({ state }) => state !== 'lost').length === 3)
  open(2)
  await begins(3)
  open(3)
  assert.is((await run.finished).status, 0)
  const { shortfalls, excluded } = record(net(), 'a', run.run)
  assert.equal(excluded, [])
  assert.ok(
    shortfalls.some(({ member, what }) => member === 'b' && what === 'vmstat'),
    'the second sample lacks it'
  )
  assert.ok(ran(run, 3, 'b', 'vmstat'))
  await verifies(run.run)
})

attach('a tool that was attached and got no sample is missing', async () => {
  const args = ['--tools', 'proc', '--on', 'a,b', '--samples', '2']
  const { run, begins, open } = await gatedRun(args)
  await begins(1)
  assert.is((await net().bak('a', ['tools', 'attach', run.run, 'vmstat', '--on', 'b'])).status, 0)
  await net().bak('a', ['cancel', run.run])
  await run.until(isPhase('stop', 'phase-closed'))
  const late = await net().bak('a', ['tools', 'attach', run.run, 'mpstat', '--on', 'b'])
  assert.ok(late.status === 70 || late.status === 66, late.stderr)
  open(1)
  assert.is((await run.finished).status, 4)
  const lacks = record(net(), 'a', run.run).shortfalls.map(({ member, what, reason }) => [member, what, reason])
  assert.equal(lacks, [['b', 'vmstat', 'it was attached, and no sample followed']])
})

attach.run()
