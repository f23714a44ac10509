import { existsSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RunIndex } from '../../node/run/run-index.ts'
import { RunFolder } from '../../node/store/run-folder.ts'
import { SummaryFile } from '../../node/store/summary-file.ts'
import { digestOf } from '../../protocols/digest.ts'
import { type RunRecord, writeRecord } from '../../protocols/record.ts'
import { controller, manifest, offer } from '../protocols/samples.ts'
import { scratch } from '../store/scratch.ts'

const test = suite('what a list of runs says')

const sent = {
  peer: controller.peer,
  name: 'a',
  what: 'tools',
  digest: digestOf(Buffer.from('x')),
  bytes: 17,
  arrived: true
}
const recordOf = (run: string, more: Partial<RunRecord> = {}): RunRecord => ({
  ...{
    format: 1,
    run,
    name: 'nightly',
    state: 'running',
    partial: false,
    controller: { peer: controller.peer, name: 'a' }
  },
  ...{
    epoch: 1,
    created: 5,
    begun: 5,
    program: '0',
    directory: '/',
    spec: offer.spec,
    roster: manifest.roster,
    excluded: []
  },
  ...{ shortfalls: [], beside: [], workload: [], skew: [], sent: [sent, sent] },
  ...more
})
const idOf = (i: number) => `20261122T213015-aaaa${String(i).padStart(2, '0')}`

function create() {
  const root = scratch()
  let reads = 0
  const write = async (run: string, more?: Partial<RunRecord>) => {
    const folder = new RunFolder(join(root, run))
    mkdirSync(folder.root, { recursive: true })
    await folder.writeRecord(recordOf(run, more))
    return folder
  }
  const index = join(root, '.index')
  /** Of a daemon that starts again. */
  const indexed = () =>
    new RunIndex(run => {
      const folder = new RunFolder(join(root, run))
      return Object.assign(folder, {
        readRecordText: () => {
          reads++
          return RunFolder.prototype.readRecordText.call(folder)
        }
      })
    }, new SummaryFile(index))
  return { root, write, indexed, heads: indexed(), index, reads: () => reads }
}
const nobody = () => undefined

test('each has its name, state, members and bytes, in the order that was asked for; who has no record is left out', async () => {
  const { root, write, heads } = create()
  const runs = Array.from({ length: 40 }, (_, i) => idOf(i))
  for (const run of runs.slice(1)) await write(run)
  writeFileSync(join(root, runs[7] as string, 'run.json'), '{"run"')
  const found = await heads.of(runs, nobody)
  assert.equal(
    found.map(({ run }) => run),
    runs.filter((_, i) => i !== 0 && i !== 7)
  )
  const [{ members, bytes, name, state, created } = {}] = found
  assert.equal([members, bytes, name, state, created], [manifest.roster.length, 34, 'nightly', 'running', 5])
})

test('what has changed since is read again, and what is gone is forgotten', async () => {
  const { write, heads } = create()
  await write(idOf(1))
  assert.is((await heads.of([idOf(1)], nobody))[0]?.state, 'running')
  await write(idOf(1), { state: 'ended', verdict: 'ok', ended: 9 })
  assert.is((await heads.of([idOf(1)], nobody))[0]?.verdict, 'ok')
  assert.equal(await heads.of([], nobody), [])
})

test('a run that goes on says what it is in memory', async () => {
  const { heads, reads } = create()
  const [head] = await heads.of([idOf(1)], run => recordOf(run, { phase: 'work', key: 'mine' }))
  assert.equal([head?.phase, head?.key, reads()], ['work', 'mine', 0])
})

/** As if nothing had changed in it for a minute. */
const rest = ({ root }: RunFolder, minutes = 1) => {
  const at = Date.now() / 1000 - 60 * minutes
  utimesSync(root, at, at)
}

test('a record is read once, also over the end of a daemon, until its folder changes', async () => {
  const { write, indexed, reads } = create()
  const runs = [idOf(1), idOf(2)]
  for (const run of runs) rest(await write(run, { state: 'ended', verdict: 'ok' }))
  const first = await indexed().of(runs, nobody)
  assert.is(reads(), 2)
  assert.equal(await indexed().of(runs, nobody), first)
  assert.is(reads(), 2)
  const folder = await write(idOf(2), { state: 'ended', verdict: 'cancelled' })
  rest(folder, 2)
  assert.is((await indexed().of(runs, nobody))[1]?.verdict, 'cancelled')
  assert.is(reads(), 3)
  await folder.writeTags({ kernel: '6.18' })
  assert.equal((await indexed().of(runs, nobody))[1]?.tags, { kernel: '6.18' })
  assert.is(reads(), 4)
})

test('what changed a moment ago is read again: another change may have the same time', async () => {
  const { write, indexed, reads } = create()
  await write(idOf(1))
  await indexed().of([idOf(1)], nobody)
  await indexed().of([idOf(1)], nobody)
  assert.is(reads(), 2)
})

test('an index that is damaged, of another format, or cannot be written costs time and no line', async () => {
  const { write, indexed, index } = create()
  rest(await write(idOf(1)))
  const path = join(index, 'results.sqlite')
  const found = async () => (await indexed().of([idOf(1)], nobody)).map(({ run }) => run)
  mkdirSync(index)
  writeFileSync(path, 'x'.repeat(5000))
  assert.equal(await found(), [idOf(1)])
  assert.equal(await found(), [idOf(1)])
  const db = new DatabaseSync(path)
  db.exec('DROP TABLE summaries; CREATE TABLE summaries (x TEXT); PRAGMA user_version = 99')
  db.close()
  assert.equal(await found(), [idOf(1)])
  rest(new RunFolder(join(index, '..', idOf(1))))
  await found()
  const torn = new DatabaseSync(path)
  torn.exec('UPDATE summaries SET text = \'{"run": \'')
  torn.close()
  assert.equal(await found(), [idOf(1)])
  rmSync(index, { recursive: true })
  writeFileSync(index, '')
  assert.equal(await found(), [idOf(1)])
})

test('tags given later stand beside those of the spec, which they cannot change', async () => {
  const { write, heads } = create()
  const folder = await write(idOf(1), { spec: { ...offer.spec, tags: { os: 'new' } } })
  await folder.writeTags({ os: 'old', kernel: '6.18' })
  assert.equal((await heads.of([idOf(1)], nobody))[0]?.tags, { kernel: '6.18', os: 'new' })
  for (const bad of ['{', '{"a b": "c"}', '[1]', `{"a":"${'x'.repeat(2e6)}"}`]) {
    writeFileSync(folder.path('tags.json'), bad)
    assert.equal((await heads.of([idOf(1)], nobody))[0]?.tags, { os: 'new' })
  }
  await folder.writeTags({ a: 'b' })
  await folder.writeTags({})
  assert.is(existsSync(folder.path('tags.json')), false)
})

test('whether a record bears a seal is seen at its end, however long it is', async () => {
  const { root, write } = create()
  const folder = await write(idOf(1), { reason: `{ "seal": {"by": "x"} }\n  "seal": {\n  }\n}\n${'x'.repeat(900)}` })
  assert.is(folder.isSealed(), false)
  await folder.seal(recordOf(idOf(1)), controller)
  assert.is(folder.isSealed(), true)
  writeFileSync(folder.path('run.json'), writeRecord(recordOf(idOf(1)), controller).slice(0, -1))
  assert.is(folder.isSealed(), false)
  assert.is(new RunFolder(join(root, 'none')).isSealed(), false)
})

test('a summary in the index that is none is read from its record again', async () => {
  const { write, heads, index, reads } = create()
  const runs = [idOf(1), idOf(2), idOf(3)]
  for (const run of runs) rest(await write(run, { name: `of-${run}` }))
  const names = async () => (await heads.of(runs, nobody)).map(({ name }) => name)
  const expected = runs.map(run => `of-${run}`)
  assert.equal(await names(), expected)
  const db = new DatabaseSync(join(index, 'results.sqlite'))
  db.prepare('UPDATE summaries SET text = ? WHERE run = ?').run('{"run": "20261122T2', runs[0] as string)
  db.prepare('UPDATE summaries SET text = ? WHERE run = ?').run('null', runs[1] as string)
  db.close()
  assert.equal(await names(), expected)
  assert.is(reads(), 5)
  assert.equal(await names(), expected)
  assert.is(reads(), 5)
})

test.run()
