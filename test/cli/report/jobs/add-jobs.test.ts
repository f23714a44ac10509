/** What a report has of jobs: their number by state, causes, outputs, and attempts by member over the time of the run. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { gatherReport } from '../../../../cli/report/gather.ts'
import { lanesOf } from '../../../../cli/report/jobs/lanes.ts'
import { sourceOf } from '../../../../cli/report/report-run.ts'
import { openFolder } from '../../../../cli/result/open-result.ts'
import { JOBS_FILE } from '../../../../protocols/layout.ts'
import { jobsResult } from '../../../helpers/jobs-result.ts'

const test = suite('what a report has of jobs')

const folders: string[] = []
test.after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true })
})

function result(shape: Omit<Parameters<typeof jobsResult>[0], 'folder'> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'bak-report-jobs-'))
  folders.push(folder)
  const made = jobsResult({ folder, ...shape })
  const gather = async () => (await gatherReport(await sourceOf(await openFolder(folder)), 1e6)).data
  return { ...made, folder, gather }
}

test('an attempt has a bar on its member: as long as its program ran, or until it was given to another one', async () => {
  const made = result()
  const { jobs, members, head } = await made.gather()
  if (jobs == null) throw new Error('no jobs')
  const began = ((made.samples[0]?.began ?? 0) - head.begun) / 1000
  const shown = jobs.bars.map(([name, member, lane, from, to, kind, attempt]) => [
    ...[jobs.names[name], members[member]?.name, lane, kind, attempt],
    ...[from, to].map(time => Number((time - began).toFixed(3)))
  ])
  assert.equal(
    shown.filter(([job]) => job === 'tool' || job === 'lib' || job === 'docs'),
    [
      ['tool', 'm2', 0, 'lost', 1, 0.6, 1.4],
      ['lib', 'm2', 1, 'done', 1, 0.62, 1.32],
      ['tool', 'm3', 0, 'done', 2, 1.5, 2.4]
    ]
  )
  assert.equal(jobs.lanes, [1, 2, 1])
  assert.equal(
    jobs.graphs.map(({ name, counts }) => [name, counts]),
    [
      ['setup', '1 done'],
      ['1-default/sample1', '5 done, 1 reused'],
      ['report', '1 done']
    ]
  )
  assert.equal(jobs.failures, [])
  assert.equal(
    jobs.outputs.map(({ name, member }) => [name, member]),
    [
      ['build/build.out', 'm1'],
      ['app/app.out', 'm1'],
      ['site/site.out', 'm3'],
      ['table/table.out', 'm1']
    ]
  )
})

test('a failure is told with its causes, and each job is in a table', async () => {
  const { jobs, tables, head } = await result({ fails: true }).gather()
  assert.equal(jobs?.failures.slice(0, 3), [
    'app skipped <- lib failed on m2, attempt 1: exit 1 in phase build',
    '  last lines of lib:',
    '  | cc -c lib.c'
  ])
  assert.is(head.ran, '8 jobs: build, headers, lib, tool, app, docs, site, table')
  const table = tables.find(({ title }) => title === 'jobs')
  assert.is(table?.rows.length, 8)
  const app = table?.rows.find(([, job]) => job === 'app')
  assert.equal(app, ['1-default/sample1', 'app', 'skipped', '', 0, '', '', '', 'inherited from lib'])
})

test('of very many attempts the longest are drawn, and the others counted', async () => {
  const { jobs } = await result({ further: 3_000, samples: 2 }).gather()
  assert.is(jobs?.bars.length, 5_000)
  assert.is(jobs?.more, 6_000 + 14 - 5_000)
  assert.ok(jobs?.bars.some(([name]) => jobs.names[name] === 'build'))
})

test('a file that cannot be read is named, and the rest of the report is there', async () => {
  const made = result()
  writeFileSync(join(made.folder, JOBS_FILE), 'no JSON')
  const { jobs, tables, panels } = await made.gather()
  assert.is(jobs, undefined)
  assert.ok(panels.length > 0)
  const rows = tables.find(({ title }) => title === 'not read into series')?.rows ?? []
  assert.ok(rows.some(([, file]) => file === JOBS_FILE))
})

test('in one lane nothing covers another, and there are no more lanes than attempts at one time', () => {
  const spans = fc
    .array(fc.tuple(fc.nat(50), fc.integer({ min: 1, max: 20 })), { maxLength: 60 })
    .map(all => all.map(([from, length]) => ({ from, to: from + length })).sort((a, b) => a.from - b.from))
  fc.assert(
    fc.property(spans, all => {
      const { lanes, count } = lanesOf(all)
      for (const [i, one] of all.entries())
        for (const [j, other] of all.entries())
          if (i < j && lanes[i] === lanes[j]) assert.ok(one.to <= other.from || other.to <= one.from)
      const most = Math.max(0, ...all.map(({ from }) => all.filter(each => each.from <= from && each.to > from).length))
      assert.is(count, most)
    })
  )
})

test.run()
