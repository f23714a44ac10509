/** What several peers tell of the same jobs and artifacts, put together. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { meantBy, outputsIn } from '../../../node/control/jobs/find-artifact.ts'
import { mergedLines } from '../../../node/control/jobs/job-list.ts'
import { chosen } from '../../../node/control/jobs/job-view.ts'
import { asBakError } from '../../../protocols/errors.ts'
import type { ArtifactRow, JobRow } from '../../../protocols/jobs/job-records.ts'
import type { JobEntry } from '../../../protocols/jobs/jobs-file.ts'
import { fieldsOfJobs } from '../../../protocols/where/fields-of-jobs.ts'
import { readOrderOf, readWhereOf } from '../../../protocols/where/where.ts'

const test = suite('jobs that several peers know')
const RUN = '20261122T213015-k3f9ab'
const PEER = '12D3KooWGBfMVCN1C5bRUyoDvZTH2SzLrKFhEYw7sYbnyBLZ9xLp'
const work = (sample: number) => ({ role: 'work' as const, step: { number: 1, name: 'default', sample } })

const row = (more: Partial<JobRow> = {}): JobRow => ({
  ...{ run: RUN, graph: work(1), job: 'lib', state: 'done', at: 10 },
  ...more
})
const told = (name: string, ...jobs: JobRow[]) => ({ peer: name, name, answers: [{ type: 'jobs' as const, jobs }] })

test('a job is told once, by the word of who leads its run', () => {
  const lead = told('n1', row({ state: 'running', member: 'n2', attempt: 2, at: 5 }))
  const ran = told('n2', row({ state: 'failed', at: 99, log: true }))
  for (const all of [
    [lead, ran],
    [ran, lead]
  ]) {
    const lines = mergedLines(all, () => 'n1')
    assert.equal(
      lines.map(({ state, at, changed }) => [state, at, changed]),
      [['running', 'n1', 5]]
    )
  }
})

test('where nobody leads it, who drove it is believed before who heard of it, and the newest of those', () => {
  const drove = told('n1', row({ member: 'n2', at: 1 }))
  const [older, newer] = [told('n3', row({ at: 2 })), told('n4', row({ at: 3 }))]
  assert.is(mergedLines([older, drove, newer], () => undefined)[0]?.at, 'n1')
  assert.is(mergedLines([older, newer], () => undefined)[0]?.at, 'n4')
})

test('jobs of other samples and other runs are others', () => {
  const rows = [row(), row({ graph: work(2) }), row({ graph: { role: 'setup' } }), row({ run: `${RUN.slice(0, -1)}c` })]
  assert.is(mergedLines([told('n1', ...rows)], () => undefined).length, 4)
})

test('expressions ask for the fields of a job, and a name that is none is answered with the nearest', () => {
  const lines = mergedLines(
    [
      told(
        'n1',
        row({ job: 'lib-a', state: 'failed', exit: 2, duration: 900 }),
        row({ job: 'lib-b', duration: 70_000 }),
        row({ job: 'app', state: 'skipped', from: ['lib-a'] })
      )
    ],
    () => undefined
  )
  const named = (where: string) =>
    lines.filter(line => readWhereOf(fieldsOfJobs, where)(line, 20)).map(({ job }) => job)
  assert.equal(named('state = failed and job ~ "lib*"'), ['lib-a'])
  assert.equal(named('took > 1m'), ['lib-b'])
  assert.equal(named('exit'), ['lib-a'])
  assert.equal(named('from = lib-a'), ['app'])
  assert.equal(named('graph = 1-default/sample1 and role = work'), ['lib-a', 'lib-b', 'app'])
  assert.throws(() => named('stat = failed'), /no field stat; did you mean state\?/)
  assert.throws(() => named('state = fialed'), /state is never "fialed"/)
  const order = readOrderOf(fieldsOfJobs, '-took')
  assert.equal(
    lines.toSorted((a, b) => order(a, b, 20)).map(({ job }) => job),
    ['lib-b', 'lib-a', 'app']
  )
})

const entry = (more: Partial<JobEntry> = {}): JobEntry => ({
  ...{ graph: work(1), job: 'lib', role: 'work', state: 'done', needs: [], attempts: [], outputs: [] },
  ...more
})
const output = (path: string, letter: string) => ({ path, digest: letter.repeat(64), kind: 'file' as const, bytes: 1 })

test('of the graphs that have a job the last one that began is meant, or the one that is said', () => {
  const entries = [
    entry({ began: 1 }),
    entry({ graph: work(2), began: 3 }),
    entry({ graph: work(3), state: 'waiting' })
  ]
  assert.is(chosen(entries)?.began, 3)
  assert.is(chosen(entries, '1-default/sample1')?.began, 1)
  assert.is(chosen(entries, 'setup'), undefined)
  assert.is(chosen([entry({ state: 'waiting' })])?.state, 'waiting')
})

test('an output is that of the last sample', () => {
  const entries = [
    entry({ began: 1, outputs: [output('a', 'a'), output('b', 'b')] }),
    entry({ graph: work(2), began: 2, outputs: [output('a', 'c')] }),
    entry({ graph: work(3), began: 3, state: 'failed' }),
    entry({ job: 'app', began: 4, outputs: [output('a', 'd')] })
  ]
  const found = (path?: string) =>
    outputsIn(entries, path).map(({ job, output: of }) => `${job}/${of.path}${of.digest[0]}`)
  assert.equal(found('a'), ['lib/ac', 'app/ad'])
  assert.equal(found('b'), [])
  assert.equal(found(), ['lib/ac', 'app/ad'])
})

const artifact = (letter: string, more: Partial<ArtifactRow> = {}): ArtifactRow => ({
  ...{ digest: letter.repeat(64), kind: 'file', bytes: 1, here: true, made: [] },
  ...more
})

test('a release is meant before a digest that begins like its name', () => {
  const rows = [artifact('a'), artifact('b', { releases: ['aaaaaa'] }), artifact('b')]
  assert.equal(meantBy(rows, 'aaaaaa'), { digest: 'b'.repeat(64), kind: 'file', bytes: 1, called: 'aaaaaa' })
  assert.is(meantBy(rows, 'a'.repeat(64))?.digest, 'a'.repeat(64))
  assert.is(meantBy(rows, 'app'), undefined)
})

test('an artifact is called as its output was, or as it was staged', () => {
  const made = [{ run: RUN, graph: work(1), job: 'lib', path: 'lib/libz.a', by: PEER, at: 1 }]
  assert.is(meantBy([artifact('a', { made })], 'aaaaaaa')?.called, 'libz.a')
  assert.is(meantBy([artifact('a', { made, name: 'z' })], 'aaaaaaa')?.called, 'z')
  assert.is(meantBy([artifact('a')], 'aaaaaaa')?.called, 'aaaaaaaaaaaa')
})

test('what could be several is refused', () => {
  const twice = [artifact('a', { releases: ['app'] }), artifact('b', { releases: ['app'] })]
  const alike = ['aa1', 'aa2'].map(end => ({ ...artifact('a'), digest: 'a'.repeat(61) + end }))
  for (const [rows, text] of [
    [twice, 'app'],
    [alike, 'aaaaaa']
  ] as const) {
    try {
      meantBy(rows, text)
      assert.unreachable()
    } catch (cause) {
      assert.is(asBakError(cause).code, 'usage')
    }
  }
})

test.run()
