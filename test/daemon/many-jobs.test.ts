/** 200 jobs on eight daemons of which one is killed in the middle; the same again; and with one input changed. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { JobEntry } from '../../protocols/jobs/jobs-file.ts'
import { readJobsFile } from '../../protocols/jobs/read-jobs-file.ts'
import { goneWithin, type Started, startRun, useTestnet } from '../helpers/mesh.ts'
import { type EndedRun, endOf } from '../helpers/workloads.ts'

const test = suite('many jobs')
const net = useTestnet(test, { peers: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] })

const FILES = 20
const PARTS = 120
const SUMS = 79
const fileOf = (part: number) => part % FILES
const partsOf = (sum: number) => [sum, sum + 40]

/** Parts of files, sums of two parts each, and all sums in one. */
function graph(): string {
  const part = (i: number) =>
    `[[job]]\nname = "part${i}"\ninputs = [{ path = "in/${fileOf(i)}", as = "in" }]\noutputs = ["n"]\n` +
    `script = 'echo $(( $(cat inputs/in) + ${i} )) > outputs/n; sleep 0.05'\n`
  const sum = (i: number) => {
    const parts = partsOf(i).map(each => `part${each}`)
    return (
      `[[job]]\nname = "sum${i}"\nneeds = ${JSON.stringify(parts)}\noutputs = ["n"]\n` +
      `script = 'echo $(( $(cat inputs/${parts[0]}/n) + $(cat inputs/${parts[1]}/n) )) > outputs/n'\n`
    )
  }
  const sums = Array.from({ length: SUMS }, (_, i) => i)
  const all =
    `[[job]]\nname = "all"\nneeds = ${JSON.stringify(sums.map(i => `sum${i}`))}\noutputs = ["n"]\n` +
    `script = 'sum=0; for f in inputs/*/n; do sum=$(( sum + $(cat $f) )); done; echo $sum > outputs/n'\n`
  return `tools = []\nsysinfo = "none"\n[policy]\nlost_timeout = 1\n${Array.from({ length: PARTS }, (_, i) => part(i)).join('')}${sums.map(sum).join('')}${all}`
}

/** What the graph comes to, worked out here. */
function expected(values: number[]): number {
  const part = (i: number) => (values[fileOf(i)] ?? 0) + i
  return Array.from({ length: SUMS }, (_, i) => partsOf(i).reduce((all, each) => all + part(each), 0)).reduce(
    (all, each) => all + each,
    0
  )
}

const values = Array.from({ length: FILES }, (_, i) => 1000 + i)

function write(): string {
  const folder = join(net().folder, 'graph')
  mkdirSync(join(folder, 'in'), { recursive: true })
  for (const [i, value] of values.entries()) writeFileSync(join(folder, 'in', String(i)), `${value}\n`)
  writeFileSync(join(folder, 'run.toml'), graph())
  return join(folder, 'run.toml')
}

const begin = (...args: string[]): Promise<Started> => startRun(net(), 'c', [write(), ...args])

async function jobsOf({ run }: Pick<EndedRun, 'run'>): Promise<Map<string, JobEntry>> {
  const jobs = await readJobsFile(join(net().peer('c').home, 'runs', run))
  return new Map(jobs?.map(each => [each.job, each]))
}

const inState = (jobs: Map<string, JobEntry>, state: JobEntry['state']) =>
  [...jobs.values()].filter(each => each.state === state).map(({ job }) => job)

async function verify({ run }: EndedRun): Promise<void> {
  const { status, stdout, stderr } = await net().bak('c', ['verify', run])
  assert.is(status, 0, stderr + stdout)
}

const resultIn = (folder: string) => Number(readFileSync(join(folder, 'all/n'), 'utf8'))

test('200 jobs are done although a daemon is killed in the middle: attempts are named, and what they made is right', async () => {
  const folder = join(net().folder, 'first')
  const started = await begin('--fetch', folder)
  const isDone = (event: object) =>
    'type' in event && event.type === 'job' && 'state' in event && event.state === 'done'
  await started.until(() => started.events.filter(isDone).length >= 60)
  const home = net().peer('e').home
  await net().stopPeer('e', 'SIGKILL')
  const ended = await endOf(net(), 'c', started)
  await goneWithin(`${home}/work/${ended.run}`, 5_000)
  assert.is(ended.status, 0, ended.stderr)
  const jobs = await jobsOf(ended)
  assert.is(jobs.size, 200)
  assert.is(inState(jobs, 'done').length, 200)
  const lost = [...jobs.values()].flatMap(each => each.attempts.filter(({ outcome }) => outcome === 'lost'))
  assert.ok(lost.length > 0, 'it ran jobs when it was killed')
  assert.ok(lost.every(({ member, reason }) => member === 'e' && reason != null))
  assert.is(resultIn(folder), expected(values))
  assert.ok(ended.record.partial)
  assert.equal(
    ended.record.excluded.map(({ name, code }) => [name, code]),
    [['e', 'lost']]
  )
  await verify(ended)
})

test('the same again runs nothing and moves nothing', async () => {
  const ended = await endOf(net(), 'c', await begin())
  assert.is(ended.status, 0, ended.stderr)
  const jobs = await jobsOf(ended)
  assert.is(inState(jobs, 'reused').length, 200)
  assert.equal(
    [...jobs.values()].flatMap(each => each.attempts),
    []
  )
  assert.not(ended.events.some(event => event.type === 'job-progress'))
  await verify(ended)
})

test('with one input changed exactly those jobs run that depend on it', async () => {
  values[7] = 5
  const folder = join(net().folder, 'third')
  const ended = await endOf(net(), 'c', await begin('--fetch', folder))
  assert.is(ended.status, 0, ended.stderr)
  const jobs = await jobsOf(ended)
  const parts = Array.from({ length: PARTS }, (_, i) => i).filter(i => fileOf(i) === 7)
  const sums = Array.from({ length: SUMS }, (_, i) => i).filter(i => partsOf(i).some(each => parts.includes(each)))
  assert.equal(inState(jobs, 'done').sort(), [...parts.map(i => `part${i}`), ...sums.map(i => `sum${i}`), 'all'].sort())
  assert.is(inState(jobs, 'reused').length, 200 - inState(jobs, 'done').length)
  assert.is(resultIn(folder), expected(values))
})

test.run()
