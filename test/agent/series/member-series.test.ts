/** The series that a member makes of a sample, and of its persistent tools. */
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { MemberState } from '../../../node/agent/member-state.ts'
import { makeMemberSeries } from '../../../node/agent/series/member-series.ts'
import { createLog } from '../../../node/log.ts'
import type { Offer } from '../../../protocols/manifest.ts'
import { openSeries } from '../../../protocols/series/read-series.ts'
import { fake } from '../../helpers/run.ts'
import { createWorkspace, type Workspace } from '../../helpers/workspace.ts'
import { run, specOf, step } from '../../protocols/samples.ts'
import { scratch } from '../../store/scratch.ts'

const test = suite("a member's series")
const never = new AbortController().signal
const read = [{ format: 'csv' as const, time: 'time' }]
const tools = [{ group: 'default', tool: 'mine', options: { command: ['x'], read } }]
const FOLDER = '1-default/sample1/tools-default/m1/mine'
const SERIES = '1-default/sample1/series/m1/series.parquet'

let workspace: Workspace
test.before(() => {
  workspace = createWorkspace('series')
})
test.after(() => workspace.close())

const offerOf = (given: Partial<Offer> = {}) => fake<Offer>({ spec: specOf(), ...given })

/** A member with these files among its data. */
function memberWith(files: Record<string, string>, given: Partial<MemberState> = {}) {
  const folder = scratch()
  const member = fake<MemberState>({
    ...{ run, folder, data: join(folder, 'data'), name: 'm1', tools, clock: { offset: 1000, bound: 1 } },
    ...{ offer: offerOf({ series: true }), changes: undefined, toolsBegan: new Map() },
    ...given
  })
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(member.data, path)), { recursive: true })
    writeFileSync(join(member.data, path), text)
  }
  return member
}

function make(member: MemberState, { of = step as typeof step | 'run', signal = never } = {}) {
  const parts = { supervisor: workspace.supervisor, log: createLog('error', () => {}) }
  return makeMemberSeries(member, of === 'run' ? undefined : of, parts, signal)
}

const csv = 'time,depth\n1795383016,1\n1795383017,3\n'

test('what the tools of a sample wrote becomes one file in a folder of the member, and is as it was', async () => {
  const member = memberWith({
    [`${FOLDER}/mine-stdout.txt`]: csv,
    [`${FOLDER}/restart1/mine-stdout.txt`]: 'time,depth\n1795383018,5\n',
    '1-default/sample1/tools-default/other/mine/mine-stdout.txt': csv,
    '1-default/sample1/tools-default/m1/unread/unread-stdout.txt': csv
  })
  assert.equal(await make(member), [])
  const file = await openSeries(join(member.data, SERIES))
  assert.equal([file.info.run, file.info.member, file.info.step, file.series.length], [run, 'm1', step, 1])
  const [points] = await file.points(file.series)
  assert.equal([...(points?.t ?? [])], [1795383015000, 1795383016000, 1795383017000])
  assert.equal([...(points?.v ?? [])], [1, 3, 5])
  await file.close()
  assert.is(readFileSync(join(member.data, FOLDER, 'mine-stdout.txt'), 'utf8'), csv)
  assert.not(existsSync(join(member.folder, 'series')))
})

test('those of persistent tools are at the top of the result', async () => {
  const member = memberWith({ 'tools-default/m1/mine/mine-stdout.txt': csv })
  assert.equal(await make(member, { of: 'run' }), [])
  const file = await openSeries(join(member.data, 'series/m1/series.parquet'))
  assert.is(file.info.step, undefined)
  await file.close()
})

test('a tool of the owner of the machine says in its folder how it is read', async () => {
  const member = memberWith(
    { [`${FOLDER}/mine-stdout.txt`]: csv, [`${FOLDER}/mine.toml`]: '[[read]]\nformat = "csv"\ntime = "time"\n' },
    { tools: [{ group: 'default', tool: 'mine', options: {} }] }
  )
  assert.equal(await make(member), [])
  assert.ok(existsSync(join(member.data, SERIES)))
})

test('where no tool left numbers, or the controller takes no series, there is no thread and no file', async () => {
  const empty = memberWith({ [`${FOLDER}/mine-stdout.txt`]: '', [`${FOLDER}/mine-stderr.txt`]: 'x' })
  const older = memberWith({ [`${FOLDER}/mine-stdout.txt`]: csv }, { offer: offerOf() })
  for (const member of [empty, older]) {
    assert.equal(await make(member), [])
    assert.not(existsSync(join(member.data, '1-default/sample1/series')))
  }
})

test('a sample in which nothing ran here leaves not even a note that it was looked at', async () => {
  const member = memberWith({ '1-default/sample2/tools-default/m1/mine/mine-stdout.txt': csv })
  assert.equal(await make(member), [])
  assert.not(existsSync(join(member.folder, 'series.done')))
})

test('what could not be read is a warning that names file, line and reason', async () => {
  const member = memberWith({ [`${FOLDER}/mine-stdout.txt`]: `${csv}soon,4\n1795383018,7,8\n1795383019,9` })
  assert.equal(await make(member), [
    'series: tools-default/mine/mine-stdout.txt, line 4 and 1 more: time: "soon" is no time in s',
    'series: tools-default/mine/mine-stdout.txt, line 6: its last line has no end'
  ])
})

test('a link that a tool left is not followed', async () => {
  const member = memberWith({ [`${FOLDER}/x`]: '' })
  symlinkSync('/etc/passwd', join(member.data, FOLDER, 'mine-stdout.txt'))
  assert.equal(await make(member), [])
  assert.not(existsSync(join(member.data, SERIES)))
})

test('what was cut short is made anew, and what was made is not made twice', async () => {
  const member = memberWith({ [`${FOLDER}/mine-stdout.txt`]: csv })
  const over = new AbortController()
  const first = make(member, { signal: over.signal })
  over.abort(new Error('the daemon stops'))
  await first.then(
    () => assert.unreachable(),
    () => {}
  )
  assert.not(existsSync(join(member.data, SERIES)))
  // as a daemon leaves it that was killed meanwhile
  mkdirSync(join(member.folder, 'series'))
  writeFileSync(join(member.folder, 'series/series.parquet.part'), 'half of it')
  assert.equal(await make(member), [])
  assert.equal(readdirSync(join(member.data, dirname(SERIES))), ['series.parquet'])
  writeFileSync(join(member.data, SERIES), 'packed')
  assert.equal(await make(member), [])
  assert.is(readFileSync(join(member.data, SERIES), 'utf8'), 'packed')
})

test.run()
