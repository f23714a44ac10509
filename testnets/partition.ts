/**
 * `npm run testnet partition`: a mesh of six is silently cut into two halves, and healed. A run that spans the cut ends by its
 * quorum, each half can run, and the halves merge again without a run that started twice.
 */
import { appendFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SpecInput } from '../protocols/spec.ts'
import { labMissing } from './lab/available.ts'
import { type LabMesh, startLabMesh } from './lab/mesh.ts'
import { readOptions, requireAvailable } from './options.ts'
import { type Outcome, runToEnd } from './runs.ts'

const USAGE = `usage: npm run testnet partition
Cuts a mesh of six daemons in network namespaces into two halves and heals it. Root only.`

export const LEFT = ['a', 'b', 'c']
export const RIGHT = ['d', 'e', 'f']
const ALL = [...LEFT, ...RIGHT]
const RUN_TIMEOUT_MS = 120_000

export interface PartitionReport {
  /** Runs of all six that were cut in the middle: with a quorum of three, and of all. */
  across: { lenient: Outcome; strict: Outcome }
  /** From the cut until each half saw the other lost, ms. */
  lost: number
  /** Runs in each half, begun and ended while cut. */
  inside: Outcome[]
  /** Begun while cut, ended when healed: one of the members present, and one that waited for all six. */
  begun: { going: Outcome; waiting: Outcome }
  /** Tools and workloads that these two started, by run. */
  starts: { going: number; waiting: number }
  /** From the healing until all saw all, ms. */
  merged: number
  /** Whether what the other half had kept of the lenient run was collected, and all of it verified. */
  collected: boolean
  /** All six, at the end. */
  last: Outcome
}

export async function main(args: string[]): Promise<void> {
  readOptions(args, USAGE, {})
  requireAvailable(labMissing())
  const report = await partition(text => process.stdout.write(`${text}\n`))
  const wrong = problems(report)
  for (const each of wrong) process.stdout.write(`WRONG: ${each}\n`)
  process.exitCode = wrong.length > 0 ? 1 : 0
}

export async function partition(say: (text: string) => void): Promise<PartitionReport> {
  // what is counted is written to the folder of the testnet, which the user for programs of others may not enter
  const args = () => ['--allow-privileged', 'sh -c **']
  const mesh = await startLabMesh({ topology: { hosts: ALL.map(name => ({ name })) }, args })
  const { lab, testnet } = mesh
  try {
    say(`six daemons, in two halves: ${LEFT.join(' ')} and ${RIGHT.join(' ')}`)
    let cutAt = 0
    const cut = async () => {
      await lab.cut(LEFT, RIGHT)
      cutAt = performance.now()
    }
    const across = await cutInTheMiddle(mesh, cut)
    say(`runs across the cut: ${verdictOf(across.lenient)} with a quorum of 3, ${verdictOf(across.strict)} with all`)
    await Promise.all([sees(mesh, LEFT, RIGHT, 'lost', 60_000), sees(mesh, RIGHT, LEFT, 'lost', 60_000)])
    const lost = performance.now() - cutAt
    say(`each half has seen the other lost ${seconds(lost)} after the cut`)
    const inside = await Promise.all(['c', 'f'].map(peer => runToEnd(testnet, peer, quick, { limit: RUN_TIMEOUT_MS })))
    say(`runs in the halves: ${inside.map(verdictOf).join(', ')}`)
    const open = beginWhileCut(mesh)
    await open.started
    await lab.heal()
    const healed = performance.now()
    await sees(mesh, ALL, ALL, 'present', 60_000)
    const merged = performance.now() - healed
    say(`all see all ${seconds(merged)} after the healing`)
    const { begun, starts } = await open.finish()
    say(`runs begun while cut: ${verdictOf(begun.going)}, ${verdictOf(begun.waiting)}`)
    const { run } = across.lenient
    const [fetched, verified] = [await testnet.bak('b', ['collect', run]), await testnet.bak('b', ['verify', run])]
    say(`what the other half had kept was collected: ${fetched.stdout.trim().split('\n').at(-1)}`)
    const last = await runToEnd(testnet, 'f', quick, { limit: RUN_TIMEOUT_MS })
    say(`a run of all: ${verdictOf(last)}`)
    const collected = fetched.status === 0 && verified.status === 0
    return { across, lost, inside, begun, starts, merged, collected, last }
  } finally {
    await mesh.stop()
  }
}

/** @returns what is wrong, in words */
export function problems(report: PartitionReport): string[] {
  const { across, inside, begun, starts, merged, collected, last } = report
  const is = (what: string, outcome: Outcome, verdict: string, members: string[], excluded: string[] = []) => [
    ...(outcome.ended.verdict === verdict ? [] : [`${what}: ${outcome.ended.verdict} and not ${verdict}`]),
    ...same(`${what}: members`, rosterOf(outcome), members),
    ...same(`${what}: excluded`, outcome.ended.excluded.map(({ name }) => name).sort(), excluded)
  ]
  return [
    ...is('a run across the cut with a quorum of 3', across.lenient, 'ok', ALL, RIGHT),
    ...is('a run across the cut that needs all', across.strict, 'quorum', ALL, LEFT),
    ...is('a run in the left half', inside[0] as Outcome, 'ok', LEFT),
    ...is('a run in the right half', inside[1] as Outcome, 'ok', RIGHT),
    ...is('a run that went on through the healing', begun.going, 'ok', LEFT),
    ...is('a run that waited for all', begun.waiting, 'ok', ALL),
    ...same('programs that the run of the left half started', starts.going, LEFT.length + 1),
    ...same('programs that the run which waited started', starts.waiting, ALL.length + 1),
    ...(merged <= 30_000 ? [] : [`the halves took ${seconds(merged)} to merge`]),
    ...(collected ? [] : ['what the other half had kept could not be collected']),
    ...is('a run after the healing', last, 'ok', ALL)
  ]
}

const quick: SpecInput = { command: ['true'], tools: ['proc'] }

/** Starts two runs of all six, one from each half, and cuts while their workloads run. */
async function cutInTheMiddle({ testnet }: LabMesh, cut: () => Promise<void>): Promise<PartitionReport['across']> {
  const spec = (quorum: number | 'all'): SpecInput => ({
    command: ['sleep', '5'],
    tools: ['proc'],
    // a member without its controller stops its tools by itself
    policy: { quorum, lease: 10 }
  })
  let working = 0
  const onEvent = ({ type }: { type: string }) => {
    if (type === 'workload-started' && ++working === 2) void cut()
  }
  const [lenient, strict] = await Promise.all([
    runToEnd(testnet, 'b', spec(3), { limit: RUN_TIMEOUT_MS, onEvent }),
    runToEnd(testnet, 'e', spec('all'), { limit: RUN_TIMEOUT_MS, onEvent })
  ])
  return { lenient, strict }
}

/** Begins two runs in the left half: one of the members present, which lasts until `finish`, and one that waits for all six. */
function beginWhileCut({ testnet }: LabMesh) {
  const file = (name: string) => join(testnet.folder, name)
  const counting = (name: string, command: string): SpecInput => ({
    command: `echo x >> ${file(name)}; ${command}`,
    tools: ['counted'],
    tool: { counted: { command: ['sh', '-c', `echo x >> ${file(name)}; exec sleep 1000`] } }
  })
  const go = file('go')
  const started = Promise.withResolvers<void>()
  const going = runToEnd(testnet, 'b', counting('going', `until [ -e ${go} ]; do sleep 0.1; done`), {
    limit: RUN_TIMEOUT_MS,
    onEvent: event => event.type === 'workload-started' && started.resolve()
  })
  const waiting = runToEnd(
    testnet,
    'a',
    { ...counting('waiting', 'true'), expect: ALL.length, policy: { join_timeout: 100 } },
    { limit: RUN_TIMEOUT_MS }
  )
  const finish = async () => {
    await appendFile(go, '')
    const begun = { going: await going, waiting: await waiting }
    const lines = async (name: string) => (await readFile(file(name), 'utf8')).trim().split('\n').length
    return { begun, starts: { going: await lines('going'), waiting: await lines('waiting') } }
  }
  going.catch(started.reject)
  return { started: started.promise, finish }
}

/** Waits until some peers see others in a state; a busy peer is present. */
async function sees({ testnet }: LabMesh, some: string[], others: string[], state: 'lost' | 'present', limit: number) {
  const states = state === 'lost' ? ['lost'] : ['alive', 'busy']
  const all = some.map(name =>
    testnet.until(
      name,
      members => others.every(other => states.includes(members.find(each => each.name === other)?.state ?? '')),
      limit
    )
  )
  await Promise.all(all)
}

export function rosterOf({ events }: Outcome): string[] {
  return events.flatMap(event => (event.type === 'roster' ? event.members.map(({ name }) => name) : [])).sort()
}

function same<T>(what: string, given: T, wanted: T): string[] {
  return String(given) === String(wanted) ? [] : [`${what}: ${given} and not ${wanted}`]
}

function verdictOf({ ended }: Outcome): string {
  return ended.partial ? `${ended.verdict} (partial)` : ended.verdict
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
