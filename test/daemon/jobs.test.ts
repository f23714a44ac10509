/** Graphs of jobs on real daemons: a diamond, failures, a cancel, and a member that is killed in the middle. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { JobEntry } from '../../protocols/jobs/jobs-file.ts'
import { readJobsFile, resultOf } from '../../protocols/jobs/read-jobs-file.ts'
import { goneWithin, processesWith, uniqueSleep, useTestnet } from '../helpers/mesh.ts'
import { until } from '../helpers/until.ts'
import { type EndedRun, endOf, runWorkloads, startFile, workload } from '../helpers/workloads.ts'

const test = suite('jobs on members')
const net = useTestnet(test, { peers: ['a', 'b', 'c', 'd'] })

/** A job of a run file, whose script is a line for the shell. */
const job = (name: string, script: string, more = '') =>
  `[[job]]\nname = "${name}"\nscript = ${JSON.stringify(script)}\n${more}\n`
const out = (path: string) => `outputs = ["${path}"]`
const folderOf = ({ run }: Pick<EndedRun, 'run'>) => join(net().peer('c').home, 'runs', run)
const jobsOf = async (ended: EndedRun): Promise<Map<string, JobEntry>> =>
  new Map((await readJobsFile(folderOf(ended)))?.map(each => [each.job, each]))
async function verify({ run }: EndedRun): Promise<void> {
  const { status, stdout, stderr } = await net().bak('c', ['verify', run])
  assert.is(status, 0, stderr + stdout)
}
const statesIn = (jobs: Map<string, JobEntry>) => [...jobs.values()].map(({ job: name, state }) => `${name} ${state}`)

const diamond = [
  job('lib', 'echo shared > "$BAK_JOB_OUTPUTS/lib"; echo "#BAK:PHASE made"; echo from lib', out('lib')),
  job(
    'left',
    'cat "$BAK_JOB_INPUTS/lib/lib" > "$BAK_JOB_OUTPUTS/x"; echo left >> "$BAK_JOB_OUTPUTS/x"',
    `needs = ["lib"]\n${out('x')}`
  ),
  job('right', 'cp "$BAK_JOB_INPUTS/lib/lib" "$BAK_JOB_OUTPUTS/x"', `needs = ["lib"]\n${out('x')}`),
  job(
    'app',
    'cat "$BAK_JOB_INPUTS/left/x" "$BAK_JOB_INPUTS/right/x" | tee "$BAK_JOB_OUTPUTS/app"',
    `needs = ["left", "right"]\n${out('app')}`
  )
].join('')

test('a diamond: what both sides need runs once and reaches both; and the same again runs nothing', async () => {
  const first = await runWorkloads(net(), 'c', diamond)
  assert.is(first.status, 0, first.stderr)
  const jobs = await jobsOf(first)
  assert.equal(statesIn(jobs), ['lib done', 'left done', 'right done', 'app done'])
  for (const each of jobs.values()) assert.equal([each.attempts.length, resultOf(each)?.outcome], [1, 'done'])
  assert.equal(first.record.jobs, { done: 4 })
  assert.equal(
    first.record.workload.map(({ jobs: isJobs, exit }) => [isJobs, exit]),
    [[true, 0]]
  )
  const log = first
    .text('jobs/app.ndjson')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line).text)
  assert.equal(log, ['shared', 'left', 'shared'])
  const phased = first
    .text('jobs/lib.ndjson')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  assert.equal(phased.at(-1)?.phase, 'made')
  await verify(first)
  const inputs = resultOf(jobs.get('app') as JobEntry)?.inputs.map(({ path }) => path)
  assert.equal(inputs?.sort(), ['left/x', 'right/x'])

  const again = await runWorkloads(net(), 'c', diamond)
  assert.is(again.status, 0, again.stderr)
  const reused = await jobsOf(again)
  assert.equal(statesIn(reused), ['lib reused', 'left reused', 'right reused', 'app reused'])
  assert.equal(reused.get('app')?.outputs, jobs.get('app')?.outputs)
  assert.is(reused.get('app')?.run, first.run)
  await verify(again)
})

test('a job that fails is named, both that need it are skipped for it, and what does not need it goes on', async () => {
  const ended = await runWorkloads(
    net(),
    'c',
    job('bad', 'echo before; echo "#BAK:PHASE build"; echo no such header >&2; exit 3', out('x')) +
      job('one', 'true', 'needs = ["bad"]') +
      job('two', 'true', 'needs = ["bad"]') +
      job('last', 'true', 'needs = ["one", "two"]') +
      job('other', 'sleep 0.3')
  )
  assert.is(ended.status, 1, ended.stderr)
  const jobs = await jobsOf(ended)
  assert.equal(statesIn(jobs), ['bad failed', 'one skipped', 'two skipped', 'last skipped', 'other done'])
  for (const each of ['one', 'two', 'last']) assert.equal(jobs.get(each)?.from, ['bad'])
  const bad = jobs.get('bad')
  assert.equal(
    [bad?.attempts.length, resultOf(bad as JobEntry)?.exit, resultOf(bad as JobEntry)?.phase],
    [1, 3, 'build']
  )
  assert.match(ended.record.reason ?? '', /^job bad on [abcd]: exit 3.*; 3 were skipped for it, in 1-default\/sample1$/)
  const failed = ended.events.find(event => event.type === 'job' && event.state === 'failed')
  assert.equal(failed?.type === 'job' && failed.tail, ['before', 'no such header'])
  await verify(ended)
})

test('setup jobs make what workloads run, a report reads the result; and one that fails ends the run before its first sysinfo', async () => {
  const build = job(
    'build',
    `printf '#!/bin/sh\\necho ran on $(cat here)\\n' > "$BAK_JOB_OUTPUTS/app"; chmod +x "$BAK_JOB_OUTPUTS/app"`,
    `role = "setup"\n${out('app')}`
  )
  const report = job(
    'table',
    'cat "$BAK_JOB_INPUTS"/*/workload/*/w/stdout.txt "$BAK_JOB_INPUTS"/*/sample1/workload/*/w/stdout.txt 2>/dev/null | sort > "$BAK_JOB_OUTPUTS/table"; cat "$BAK_JOB_OUTPUTS/table"',
    `role = "report"\ninputs = [{ result = "1-default" }]\n${out('table')}`
  )
  const work = workload('w', 'uname > here; ./app', 'on = "a,b"')
  const staged = '[[stage_outputs]]\njob = "build"\noutput = "app"\n'
  const ended = await runWorkloads(net(), 'c', build + report + work + staged)
  assert.is(ended.status, 0, ended.stderr)
  assert.equal(ended.record.jobs, { done: 2 })
  const phases = ended.events.flatMap(event =>
    event.type === 'phase-open' ? [`${event.phase} ${event.when ?? ''}`.trim()] : []
  )
  assert.equal(phases, [
    'join',
    'stage',
    'work begin',
    'stage begin',
    'init',
    'start',
    'work',
    'stop',
    'send',
    'end',
    'work end',
    'terminate'
  ])
  assert.match(ended.text('workload/a/w/stdout.txt'), /^ran on Linux$/m)
  const log = readFileSync(join(folderOf(ended), 'jobs/report/table.ndjson'), 'utf8')
    .trim()
    .split('\n')
  assert.equal(
    log.map(line => JSON.parse(line).text),
    ['ran on Linux', 'ran on Linux']
  )
  await verify(ended)

  const broken = await runWorkloads(net(), 'c', job('build', 'exit 9', `role = "setup"\n${out('app')}`) + work + staged)
  assert.is(broken.status, 1, broken.stderr)
  assert.match(broken.record.reason ?? '', /^setup: job build on [abcd]: exit 9/)
  const seen = broken.events.flatMap(event => (event.type === 'phase-open' ? [event.phase] : []))
  assert.equal(seen, ['join', 'stage', 'work', 'end', 'terminate'])
  await verify(broken)
})

test('a cancelled run has nothing of its jobs left within 5 s, also of one that ignores the signal', async () => {
  const mark = uniqueSleep()
  const started = await startFile(
    net(),
    'c',
    job('deaf', `trap "" TERM; setsid sleep ${mark} & sleep ${mark}; sleep ${mark}`, 'on = "a"') +
      job('plain', `exec sleep ${mark}`, 'on = "b"') +
      job('behind', 'true', 'needs = ["plain"]')
  )
  await until(() => processesWith(mark).length >= 3, { what: 'both run' })
  const cancelled = await net().bak('d', ['cancel', started.run])
  assert.is(cancelled.status, 0, cancelled.stderr)
  await goneWithin(mark, 5_000)
  const ended = await endOf(net(), 'c', started)
  assert.is(ended.status, 4, ended.stderr)
  const jobs = await jobsOf(ended)
  assert.equal(statesIn(jobs), ['deaf cancelled', 'plain cancelled', 'behind cancelled'])
  assert.equal(ended.record.excluded, [])
  await verify(ended)
})

test('a member whose daemon is killed gives its jobs back: all are done, the attempt is named, and its run is partial', async () => {
  const mark = uniqueSleep()
  const jobs = Array.from({ length: 24 }, (_, i) =>
    job(`j${i}`, `sleep 0.${(i % 4) + 1}; echo ${i} > "$BAK_JOB_OUTPUTS/x"`, out('x'))
  ).join('')
  // long enough for its member to be killed meanwhile, and quick the second time
  const long = job(
    'long',
    `[ "$BAK_JOB_ATTEMPT" = 1 ] && sleep ${mark}; echo ok > "$BAK_JOB_OUTPUTS/x"`,
    `on = "a,b,d"\n${out('x')}`
  )
  const all = job(
    'all',
    `cat "$BAK_JOB_INPUTS"/*/x | wc -l > "$BAK_JOB_OUTPUTS/n"; cat "$BAK_JOB_OUTPUTS/n"`,
    `needs = [${[...Array(24).keys()].map(i => `"j${i}"`).join(', ')}, "long"]\n${out('n')}`
  )
  const started = await startFile(net(), 'c', `${long}${jobs}${all}[policy]\nlost_timeout = 1\n[jobs]\ncache = false\n`)
  const running = await started.until(
    event => event.type === 'job' && event.job === 'long' && event.state === 'running'
  )
  await until(() => processesWith(mark).length > 0, { what: 'long runs' })
  const victim = (running.type === 'job' && running.member) || ''
  await net().stopPeer(victim, 'SIGKILL')
  const ended = await endOf(net(), 'c', started)
  await net().startPeer(victim)
  assert.is(ended.status, 0, ended.stderr)
  const entries = await jobsOf(ended)
  assert.ok(
    [...entries.values()].every(({ state }) => state === 'done'),
    statesIn(entries).join(', ')
  )
  const attempts = entries.get('long')?.attempts.filter(({ outcome }) => outcome !== 'refused')
  assert.equal(
    attempts?.map(({ outcome }) => outcome),
    ['lost', 'done']
  )
  assert.equal([attempts?.[0]?.member, ended.record.partial], [victim, true])
  assert.equal(
    ended.record.excluded.map(({ name, code }) => [name, code]),
    [[victim, 'lost']]
  )
  assert.is(JSON.parse(ended.text('jobs/all.ndjson').trim()).text.trim(), '25')
  await verify(ended)
})

test('a controller whose daemon is killed leaves nothing on members, and its result tells of the jobs as far as they were', async () => {
  const mark = uniqueSleep()
  const quick = job('quick', 'echo made > "$BAK_JOB_OUTPUTS/x"', `on = "a"\n${out('x')}`)
  const slow = job('slow', `[ "$BAK_SAMPLE" = 1 ] || exec sleep ${mark}`, 'needs = ["quick"]\non = "b"')
  const started = await startFile(net(), 'c', `samples = 2\n${quick}${slow}${job('last', 'true', 'needs = ["slow"]')}`)
  await until(() => processesWith(mark).length > 0, { what: 'slow runs' })
  await net().stopPeer('c', 'SIGKILL')
  await started.finished
  await net().startPeer('c')
  await goneWithin(mark, 5_000)
  const ended = await endOf(net(), 'c', started)
  assert.equal([ended.record.verdict, ended.record.jobs], ['failed', { done: 4, cancelled: 2 }])
  const jobs = (await readJobsFile(folderOf(ended))) ?? []
  const second = jobs.filter(({ graph }) => graph.step?.sample === 2)
  assert.equal(
    second.map(({ job: name, state, reason }) => `${name} ${state} ${reason ?? ''}`.trim()),
    ['quick done', ...['slow', 'last'].map(each => `${each} cancelled the daemon of the controller ended in mid run`)]
  )
  assert.is(resultOf(second[0] as JobEntry)?.outcome, 'done')
  assert.equal(
    ended.record.workload.map(({ step, exit }) => [step.sample, exit]),
    [[1, 0]]
  )
  await verify(ended)
})

test.run()
