import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { MemberView } from '../../protocols/control.ts'
import { Cut } from '../helpers/cut.ts'
import { goneWithin, isPhase, record, sleep, startRun, uniqueSleep, useTestnet } from '../helpers/mesh.ts'
import { until } from '../helpers/until.ts'

const halves = [
  ['a', 'b', 'c'],
  ['d', 'e', 'f']
] as const
const [near, far] = halves.map(half => [...half]) as [string[], string[]]
const all = [...near, ...far]

const partition = suite('a mesh that is cut in two')
const cut = new Cut()
partition.after(() => cut.close())
const net = useTestnet(partition, { peers: all, env: cut.env })

const isState =
  (names: string[], ...states: string[]) =>
  (members: MemberView[]) =>
    names.every(name => members.some(member => member.name === name && states.includes(member.state)))

async function everyone(names: string[], fits: (members: MemberView[]) => boolean, within: number): Promise<void> {
  await Promise.all(names.map(name => net().until(name, fits, within)))
}

async function apart(): Promise<void> {
  await cut.apart(net(), [near, far])
  await Promise.all([everyone(near, isState(far, 'lost'), 40_000), everyone(far, isState(near, 'lost'), 40_000)])
}

async function together(): Promise<void> {
  cut.heal()
  await everyone(all, isState(all, 'alive', 'busy'), 30_000)
}

const taking = async (name: string): Promise<string[]> => {
  for await (const status of net().call(name, 'status', {})) return [...status.taking, ...status.driving]
  return []
}

/** Lets a workload that waits for this file go on. */
const go = (file: string) => appendFileSync(file, 'go\n')
const waitFor = (file: string) => `until [ -e ${file} ]; do sleep 0.1; done`
const namesOf = (peer: string, run: string) => record(net(), peer, run).roster.map(({ name }) => name)

partition('both halves find each other again within 30 s of the heal', async () => {
  await apart()
  await together()
})

partition('a run begun in one half is not obeyed by the other, and none is begun twice', async () => {
  await apart()
  const [done, count] = [join(net().folder, 'go-1'), (name: string) => join(net().folder, `count-${name}`)]
  const runs = await Promise.all(
    ['a', 'd'].map(name =>
      startRun(net(), name, ['--tools', 'proc', '--', 'sh', '-c', `echo x >> ${count(name)}; ${waitFor(done)}`])
    )
  )
  for (const run of runs) await run.until(event => event.type === 'workload-started')
  await together()
  const [ofA, ofD] = runs.map(({ run }) => run) as [string, string]
  for (const name of near) assert.equal([...new Set(await taking(name))], [ofA], name)
  for (const name of far) assert.equal([...new Set(await taking(name))], [ofD], name)
  go(done)
  for (const [i, run] of runs.entries()) {
    assert.is((await run.finished).status, 0)
    const [peer, half] = i === 0 ? (['a', near] as const) : (['d', far] as const)
    assert.equal(namesOf(peer, run.run), half)
    assert.equal(record(net(), peer, run.run).excluded, [])
    assert.is(readFileSync(count(peer), 'utf8'), 'x\n', 'its workload ran once')
  }
})

partition('who is cut off in mid run is out of it, and does not come back in when the cut heals', async () => {
  const mark = uniqueSleep()
  const [first, second] = [join(net().folder, 'go-2'), join(net().folder, 'go-3')]
  const file = join(net().folder, 'idle.toml')
  appendFileSync(file, `tools = ["idle"]\n[tool.idle]\ncommand = ["sleep", "${mark}"]\n`)
  const script = `[ -e ${first} ] && { ${waitFor(second)}; exit; }; ${waitFor(first)}`
  const run = await startRun(net(), 'a', [file, '--samples', '2', '--quorum', '3', '--', 'sh', '-c', script])
  await run.until(event => event.type === 'workload-started')
  await apart()
  go(first)
  await run.until(event => event.type === 'workload-started' && event.step.sample === 2)
  await together()
  go(second)
  assert.is((await run.finished).status, 0)
  const { excluded, partial } = record(net(), 'a', run.run)
  assert.equal(
    excluded.map(({ name, phase, code }) => [name, phase, code]).sort(),
    far.map(name => [name, 'stop', 'lost'])
  )
  assert.is(partial, true)
  const started = run.events.filter(isPhase('start', 'phase-closed')).map(event => 'ok' in event && event.ok)
  assert.equal(started, [6, 3])
  await goneWithin(mark, 15_000)
  // what its tools wrote is packed before
  const over = async () => (await Promise.all(far.map(taking))).every(runs => runs.length === 0)
  await until(over, { timeout: 15_000, what: 'nobody takes part in the run' })
})

partition('a member whose link is cut for 2 s while the workload runs is in the run to its end', async () => {
  const done = join(net().folder, 'go-4')
  const run = await startRun(net(), 'a', ['--tools', 'proc', '--', 'sh', '-c', waitFor(done)])
  await run.until(event => event.type === 'workload-started')
  await cut.apart(net(), [['b'], all.filter(name => name !== 'b')])
  await sleep(2_000)
  cut.heal()
  await everyone(all, isState(all, 'alive', 'busy'), 30_000)
  go(done)
  assert.is((await run.finished).status, 0)
  assert.equal(record(net(), 'a', run.run).excluded, [])
  assert.ok(existsSync(join(net().peer('a').home, 'runs', run.run, '1-default/sample1/tools-default/b')))
})

partition.run()
