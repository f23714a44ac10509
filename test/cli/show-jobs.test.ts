/** What became of the jobs of a run: `bak show`, its JSON, the last lines of `bak run`, `bak ps`, and JUnit files. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { junitOf } from '../../cli/junit.ts'
import { formatJobs } from '../../cli/show/jobs.ts'
import { answersAtEnd } from '../../cli/verdict.ts'
import type { EndedEvent } from '../../protocols/events.ts'
import { JOBS_FILE } from '../../protocols/layout.ts'
import { jobsResult } from '../helpers/jobs-result.ts'
import { AT, ended, PEER, RUN, startBak, useFakes, yields } from './fake.ts'

const test = suite('jobs of a result')
const startFake = useFakes(test)
let folder = ''
test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), 'bak-show-jobs-'))
})
test.after.each(() => rmSync(folder, { recursive: true }))

const show = (...words: string[]) => startBak(['--home', join(folder, 'none'), 'show', folder, ...words]).ended
const make = (shape: Omit<Parameters<typeof jobsResult>[0], 'folder'> = {}) => jobsResult({ folder, ...shape })

test('are counted by graph, the causes of what failed come next, then a line each, then what they left', async () => {
  make({ fails: true })
  const { stdout, stderr, status } = await show()
  assert.is(status, 0, stderr)
  const parts = [
    /\nverdict: +job failed/,
    /\njobs: +8: build, headers, lib, tool, app, docs, site, table; 1 failed, 1 skipped, 1 cancelled, 4 done, 1 reused\n/,
    /\nsetup jobs: +1 done\njobs of 1-default\/sample1: 1 failed, 1 skipped, 3 done, 1 reused\nreport jobs: +1 cancelled\n/,
    /\napp skipped <- lib failed on m2, attempt 1: exit 1 in phase build\n {2}last lines of lib:\n {2}\| cc -c lib\.c\n {2}\| lib\.c:3: error\n {2}its log: bak job log \S+\/lib\n/,
    /\nJOB +STATE +MEMBER +ATTEMPTS +TOOK +OUTPUTS +WHY\nbuild +done +m1 +1 +1\.5 s +1, 1005 B +run because no result of these/,
    /\nlib +failed +m2 +1 +700 ms +- +exit 1 in phase build\ntool +done +m3 +2 +900 ms .*\napp +skipped +- +- +- +- +inherited from lib\ndocs +reused +m3 +- +- +1, 1004 B +its result is known\n/,
    /\nOUTPUT +BYTES +DIGEST +ON\nbuild\/build\.out +1005 B +6275696c642e2e2e +m1\nsite\/site\.out +1004 B/
  ]
  let at = -1
  for (const part of parts) {
    const found = stdout.search(part)
    assert.ok(found > at, `${part}\n${stdout}`)
    at = found
  }
})

test('of many are shown those that went wrong, and the others are counted; --all has every one', async () => {
  const made = make({ fails: true, further: 300 })
  const text = formatJobs(made.record, made.entries, false, 100).join('\n\n')
  assert.match(text, /\nlib +failed/)
  assert.match(text, /\n296 more jobs: bak show \S+ --all, bak job ls --run \S+\n/)
  assert.equal(
    text.split('\n').filter(line => line.length > 100),
    []
  )
  const { stdout } = await show('--all')
  assert.match(stdout, /\nJOB OF SETUP +STATE/)
  assert.match(stdout, /\nj299 +done/)
})

test('are whole in JSON', async () => {
  const made = make()
  const { stdout } = await show('--json')
  assert.equal(JSON.parse(stdout).jobs, made.entries)
})

test('of a file that is none are named as not read, with where it is damaged, and the rest is shown', async () => {
  make()
  writeFileSync(join(folder, JOBS_FILE), '{"format":1,"jobs":[{"job":3}]}')
  const { stdout, stderr, status } = await show()
  assert.is(status, 0, stderr)
  assert.match(stdout, /\nFILE +CANNOT BE READ\njobs\.json +jobs\.json: jobs\.0\.graph: /)
  assert.match(stdout, /\nbusiest disk: /)
})

test('name at the end of a run what the jobs left that nobody needs, with digests', async () => {
  make()
  const at = { ...(ended({ folder }) as EndedEvent), verdict: 'ok' as const }
  const lines = await answersAtEnd(at)
  assert.equal(
    lines.filter(line => line.includes('.out ')),
    [
      'build: build.out 1005 B, 6275696c642e2e2e on m1',
      'app: app.out 1003 B, 6170702e2e2e2e2e on m1',
      'site: site.out 1004 B, 736974652e2e2e2e on m3',
      'table: table.out 1005 B, 7461626c652e2e2e on m1'
    ]
  )
})

test('of runs in progress are counted in bak ps', async () => {
  const line = {
    ...{ run: RUN, name: 'build', state: 'running', phase: 'work', partial: false, excluded: [], beside: [] },
    ...{ controller: { peer: PEER, name: 'a' }, created: AT, begun: AT, members: 3, jobs: { running: 2, done: 5 } }
  }
  const fake = await startFake({ ls: yields({ runs: [line] }) as never })
  const { stdout, stderr } = await fake.bak('ps')
  assert.match(
    stdout,
    /^RUN +NAME +STATE +PHASE +JOBS +MEMBERS .*\n\S+ +build +running +work +2 running, 5 done +3 /,
    stderr
  )
})

test('are a case each of a JUnit file: what failed is a failure, what was skipped says for what', () => {
  const { record, entries } = make({ fails: true })
  const xml = junitOf(record, { strict: false, jobs: entries })
  assert.match(xml, /<testcase classname="bak\.fio\.jobs" name="setup\/build" time="1\.500"\/>/)
  const lib =
    'name="1-default/sample1/lib" time="0.700"><failure message="lib failed on m2, attempt 1: exit 1 in phase build"'
  assert.ok(xml.includes(lib), xml)
  assert.match(xml, /sample1\/app" time="0\.000"><skipped message="skipped: inherited from lib"\/>/)
  assert.match(xml, /report\/table" time="0\.000"><skipped message="cancelled: the run failed"\/>/)
})

test('of which only the numbers are known are one case of a JUnit file', () => {
  const { record } = make({ fails: true })
  const xml = junitOf(record, { strict: false })
  assert.match(
    xml,
    /name="all jobs" time="0\.000"><failure message="1 failed, 1 skipped, 1 cancelled, 4 done, 1 reused: bak show /
  )
  assert.match(junitOf({ ...record, verdict: 'ok' }, { strict: false }), /name="all jobs" time="0\.000"\/>/)
})

test.run()
