import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { processorModel } from '../../node/tools/gauge.ts'
import { GAUGE_VERSION } from '../../protocols/gauge.ts'
import { ITEMS, itemsOf } from '../../protocols/sysinfo/items.ts'
import { record, useTestnet } from '../helpers/mesh.ts'
import { skipWhere } from '../helpers/skip.ts'

const sysinfo = suite('sysinfo, noise and the gauge of real daemons')
const net = useTestnet(sysinfo, { peers: ['a', 'b', 'c'] })

const PASSED = { status: 0 }
const run = async (...words: string[]) => {
  const ran = await net().bak('a', ['run', '--json', ...words])
  assert.is(ran.status, PASSED.status, ran.stderr)
  const events = ran.stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  const { run: id } = events.find(event => event.type === 'created')
  return { id, events, record: record(net(), 'a', id), folder: events.at(-1).folder as string }
}

sysinfo('members that are the same machine are alike: one line, and exit status 0', async () => {
  const { status, stdout } = await net().bak('a', ['sysinfo', '--diff', '--on', 'a,b'])
  assert.is(status, 0)
  assert.match(stdout, /^2 machines are alike in \d{3,} facts\n$/)
})

sysinfo('a machine is shown in a row, and an item as it was read', async () => {
  const shown = await net().bak('b', ['sysinfo'])
  assert.match(shown.stdout, /^MEMBER +SYSTEM +KERNEL +PROCESSOR/)
  assert.match(shown.stdout, /\nb +\S/)
  const printed = await net().bak('b', ['sysinfo', '--on', 'c', '--items', 'cpu,kernel_config'])
  assert.match(printed.stdout, /^== c /)
  assert.match(printed.stdout, '"processors"')
  const json = JSON.parse((await net().bak('b', ['sysinfo', '--on', 'c', '--items', 'memory', '--json'])).stdout)
  assert.equal(Object.keys(json.items), ['memory'])
  assert.ok(json.items.memory.meminfo.MemTotal)
})

sysinfo('a member that is not here is named, and the others are shown', async () => {
  const { status, stdout, stderr } = await net().bak('a', ['sysinfo', '--on', 'b,zoe'])
  assert.is(status, 0)
  assert.match(stdout, /\nb /)
  assert.match(stderr, 'nothing of zoe: no peer has this name')
})

sysinfo('whether members are fit to measure is said with why and what to do', async () => {
  const { status, stdout } = await net().bak('a', ['check', '--noise', '--on', 'a,b', '--json'])
  assert.is(status, 0)
  const lines = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  assert.equal([...new Set(lines.map(({ member }) => member))].sort(), ['a', 'b'])
  for (const fact of ['load', 'clocksource', 'memory', 'swap', 'disk'])
    assert.ok(lines.some(line => line.member === 'b' && line.fact === fact && line.why && line.remedy))
  const strict = await net().bak('a', ['check', '--noise', '--on', 'a,b', '--strict'])
  assert.is(strict.status, / not fit to measure: /.test(strict.stdout) ? 78 : 0)
  assert.match(strict.stdout, /^[ab](, b)?: (fit|not fit) to measure/)
})

sysinfo('a run has the items that it names, and its record the noise of each member', async () => {
  const { folder, record } = await run('--sysinfo', 'cpu,block,mitigations', '--tools', 'none', '--', 'true')
  for (const when of ['begin', 'end'])
    for (const member of ['a', 'b', 'c'])
      assert.equal(readdirSync(join(folder, 'sysinfo', when, member)).sort(), [
        ...['cpu.json', 'disks.json', 'mitigations.json']
      ])
  assert.equal(record.spec.sysinfo, ['cpu', 'mitigations', 'disks'])
  assert.equal(
    record.noise?.map(({ name }) => name),
    ['a', 'b', 'c']
  )
  for (const { findings } of record.noise ?? []) assert.ok(findings.some(({ fact }) => fact === 'load'))
  assert.equal(record.differences, [])
})

sysinfo('by default the configuration of the kernel is taken once, and all else twice', async () => {
  const { id, folder } = await run('--tools', 'none', '--', 'true')
  const missing = new Set(record(net(), 'a', id).shortfalls.map(({ what }) => what))
  const files = (when: 'begin' | 'end') =>
    itemsOf('default', when)
      .map(name => ITEMS[name].file as string)
      .filter(file => !missing.has(file))
      .sort()
  assert.equal(readdirSync(join(folder, 'sysinfo/begin/b')).sort(), files('begin'))
  assert.equal(readdirSync(join(folder, 'sysinfo/end/b')).sort(), files('end'))
  assert.not.ok(files('end').includes('kernel-config.txt'))
  const { stdout } = await net().bak('a', ['sysinfo', id, '--diff', '--on', 'b,c'])
  assert.match(stdout, /^2 machines are alike in \d+ facts\n/)
  assert.is((await net().bak('a', ['verify', id])).status, 0)
})

sysinfo('a run without sysinfo says nothing of the machines, and its record has their noise all the same', async () => {
  const { events, record } = await run('--sysinfo', 'none', '--tools', 'none', '--', 'true')
  assert.equal(
    events.filter(({ type }) => type === 'warning'),
    []
  )
  assert.is(record.noise?.length, 3)
})

sysinfo(
  'a machine that is slower than it was before is named at once, on the last lines and in what is shown',
  async () => {
    // what b did before: arithmetic in the half of the time that any machine of today takes
    const past = { at: 1, integer: 0.5, memory: 1_000, disk: 1_000 }
    const models = { [`${await processorModel()}, node ${process.versions.node.split('.')[0]}`]: Array(20).fill(past) }
    writeFileSync(join(net().peer('b').home, 'gauges.json'), JSON.stringify({ version: GAUGE_VERSION, models }))
    const ran = await net().bak('a', ['run', '--on', 'b', '--tools', 'gauge', '--sysinfo', 'none', '--', 'true'])
    assert.is(ran.status, 0, ran.stderr)
    const said = /b is \d+\.\d x as slow as it was before \(arithmetic\)/
    const [before = '', after = ''] = ran.stderr.split('phase=terminate')
    assert.match(before, said)
    assert.match(after, said)
    assert.match((await net().bak('a', ['show', 'last'])).stdout, said)
    const { record: found } = JSON.parse((await net().bak('a', ['show', 'last', '--json'])).stdout)
    assert.is(found.gauges[0].members[0].usual.samples, 20)
  }
)

sysinfo('the gauge is timed before and after each sample, outside of the work', async () => {
  const words = ['--tools', 'gauge', '--samples', '3', '--sysinfo', 'none', '--', 'true']
  const { folder, record, id, events } = await run(...words)
  assert.is(record.gauges?.length, 3)
  const cut = (name: string, sample: number) =>
    events.some(
      event =>
        event.type === 'ack' && event.name === name && event.step?.sample === sample && event.warnings?.length > 0
    )
  for (const { step, members } of record.gauges ?? []) {
    assert.equal(members.map(({ name }) => name).sort(), ['a', 'b', 'c'])
    for (const { name, before, after } of members) {
      // where the machine is busy there may not be time enough, which is said
      for (const each of [before, after]) {
        const isGood = each != null && each.integer > 0 && each.memory > 0
        assert.ok(isGood || cut(name, step.sample), `${name} in sample ${step.sample}`)
      }
    }
  }
  // the time for it grows with what it took
  const found = record.gauges?.flatMap(({ members }) => members.map(({ before }) => before)) ?? []
  assert.ok(found.some(before => before != null))
  for (const each of ['before.json', 'after.json'])
    assert.ok(JSON.parse(readFileSync(join(folder, '1-default/sample2/tools-default/b/gauge', each), 'utf8')).model)
  assert.not.ok(existsSync(join(folder, '1-default/sample2/tools-default/b/gauge/gauge.tmp')))
  const shown = await net().bak('a', ['show', id, '--all'])
  assert.match(shown.stdout, /\nGAUGE +ON +ARITHMETIC +MEMORY/)
  const history = JSON.parse(readFileSync(join(net().peer('c').home, 'gauges.json'), 'utf8'))
  assert.is((Object.values(history.models)[0] as unknown[]).length, 3)
  assert.is((await net().bak('a', ['verify', id])).status, 0)
})

sysinfo.run()

/** In a mount namespace of its own, c sees other values in the place of two files of its kernel. */
const enter = [
  'unshare',
  '-m',
  'sh',
  '-c',
  'mount --bind "$1" /proc/sys/vm/swappiness && mount --bind "$2" "$3" && shift 3 && exec "$@"'
]
const CLOCK = '/sys/devices/system/clocksource/clocksource0/current_clocksource'
const folder = mkdtempSync(join(tmpdir(), 'bak-odd-'))
const [swappiness, clock] = [join(folder, 'swappiness'), join(folder, 'clock')]
writeFileSync(swappiness, '7\n')
writeFileSync(clock, 'hpet\n')
const words = [...enter, 'sh', swappiness, clock, CLOCK]
const [program = '', ...args] = [...words, 'true']
const canEnter = spawnSync(program, args).status === 0

const odd = suite('a machine that differs from its like')
odd.after(() => rmSync(folder, { recursive: true }))
const others = canEnter
  ? useTestnet(odd, {
      peers: ['a', 'b', 'c'],
      place: name => ({ enter: name === 'c' ? words : [], listen: '/ip4/127.0.0.1/tcp/0' })
    })
  : () => undefined as never
const test = skipWhere(canEnter ? undefined : 'files cannot be mounted over others here', odd)

test('the difference is shown with who has what, the odd one out first', async () => {
  const { status, stdout } = await others().bak('a', ['sysinfo', '--diff', '--items', 'sysctl,kernel'])
  assert.is(status, 0)
  assert.match(stdout, /^3 machines differ in 2 of \d+ facts\n\nc \| a, b\n/)
  assert.match(stdout, /\n {2}sysctl\.vm\.swappiness +7 \| \d+\n/)
  assert.ok(stdout.split('\n').every(line => line.length <= 80))
})

test('that it is not fit to measure is told, and fails a strict check', async () => {
  const { status, stdout } = await others().bak('a', ['check', '--noise', '--strict'])
  assert.is(status, 78)
  assert.match(stdout, /(^|\n)c: not fit to measure: .*clocksource/)
  assert.match(stdout, /\nclocksource +unfit +c +hpet\n/)
})

test('both are said before a run starts, and are in its record and in what is shown of it', async () => {
  const { status, stderr } = await others().bak('a', ['run', '--sysinfo', 'cpu', '--tools', 'none', '--', 'true'])
  assert.is(status, 0, stderr)
  const [before = ''] = stderr.split('phase=start')
  assert.match(before, /warning: c: clocksource hpet: each look at the clock/)
  assert.match(before, /warning: the machines of the members differ in .*kernel\.clocksource \(hpet on c\)/)
  const { record: found } = JSON.parse((await others().bak('a', ['show', 'last', '--json'])).stdout)
  const facts = found.differences.map(({ fact }: { fact: string }) => fact)
  assert.equal(
    ['kernel.clocksource', 'memory.swappiness'].filter(each => !facts.includes(each)),
    []
  )
  assert.match((await others().bak('a', ['show', 'last'])).stdout, /\nnot fit to measure: .*clocksource of c/)
  const shown = await others().bak('a', ['show', 'last', '--all'])
  assert.match(shown.stdout, /\nclocksource +unfit +c +hpet\n/)
  assert.match(shown.stdout, /\nmemory\.swappiness +7 on c; \d+ on a, b\n/)
})

odd.run()
