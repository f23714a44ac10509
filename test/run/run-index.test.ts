import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RunIndex } from '../../node/run/run-index.ts'
import { RunFolder } from '../../node/store/run-folder.ts'
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
  ...{ epoch: 1, created: 5, program: '0', directory: '/', spec: offer.spec, roster: manifest.roster, excluded: [] },
  ...{ workload: [], skew: [], sent: [sent, sent] },
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
  const heads = new RunIndex(run => {
    reads++
    return new RunFolder(join(root, run))
  })
  return { root, write, heads, reads: () => reads }
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

test.run()
