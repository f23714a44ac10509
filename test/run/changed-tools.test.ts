import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ChangedTools } from '../../node/run/changed-tools.ts'
import { endOf } from '../../node/run/early-missing.ts'
import { Stopped } from '../../node/run/stopped.ts'
import type { ToolChange } from '../../protocols/changed-tools.ts'
import { checkToolsProtocol, type ToolsChecked } from '../../protocols/check-tools.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import type { Assignment } from '../../protocols/manifest.ts'
import { serve } from '../../protocols/stream.ts'
import { fakeRun } from '../helpers/run.ts'
import { linkTo, stayAwake } from '../helpers/streams.ts'

const test = suite('tools that are attached to a run, and detached')
test.after(stayAwake())

const step = (sample: number) => ({ number: 1, name: 'default', sample })

/** Members m0 to m2 with vmstat, and a driver; each answers whether it can run a tool. */
async function changing({ spec = {}, answer = yes }: { spec?: object; answer?: typeof yes } = {}) {
  const made = await fakeRun({ members: 3, spec: { samples: 2, ...spec } })
  const { run } = made
  const asked: Assignment[] = []
  for (const entry of run.record.roster.slice(0, 3)) entry.tools.push({ group: 'default', tool: 'vmstat', options: {} })
  run.parts.streams.to = (peer: string) => {
    const name = run.nameOf(peer) ?? ''
    return linkTo(
      serve(checkToolsProtocol, async function* ({ tools }) {
        asked.push(...tools)
        yield answer(name, tools)
      }),
      peer
    ).open
  }
  run.parts.members.get = (peer: string) =>
    run.parts.members.list().find(each => each.peer === peer) as ReturnType<typeof run.parts.members.get>
  const changed = new ChangedTools(run)
  const change = (of: Partial<ToolChange>) =>
    changed.change(
      { change: 'attach', tool: 'sar', group: 'default', on: 'all', options: [], ...of },
      'ops',
      AbortSignal.timeout(10_000)
    )
  const refusal = (of: Partial<ToolChange>) =>
    change(of).then(
      () => 'none',
      cause => `${asBakError(cause).code}: ${asBakError(cause).message}`
    )
  return { made, run, changed, change, refusal, asked }
}

function yes(_: string, tools: Assignment[]): ToolsChecked {
  return { tools: tools.map(({ tool }) => ({ tool, usable: true })) }
}

test('hold for the members that are meant and can run them, and are on record', async () => {
  const { made, run, changed, change, asked } = await changing({
    spec: { tool: { sar: { interval: 5, override: [{ on: 'm1', interval: 7 }] } } }
  })
  changed.begins(step(1))
  assert.equal(await change({ on: 'm0,m1', options: ['-u'] }), { members: ['m0', 'm1'], refused: [] })
  assert.equal(
    asked.map(({ options }) => options).sort((a, b) => (a.interval ?? 0) - (b.interval ?? 0)),
    [
      { interval: 5, options: ['-u'] },
      { interval: 7, options: ['-u'] }
    ],
    'each with the options that it gets'
  )
  assert.equal(
    run.tools?.attached.map(({ tool, options, ranks }) => [tool, options.interval, ranks]),
    [
      ['sar', 5, [[0, 0]]],
      ['sar', 7, [[1, 1]]]
    ]
  )
  assert.equal(await change({ change: 'detach', tool: 'vmstat', on: 'm2' }), { members: ['m2'], refused: [] })
  changed.begins(step(2))
  assert.equal(
    run.record.tools?.map(({ change: what, tool, by, members, since }) => [what, tool, by, members, since?.sample]),
    [
      ['attach', 'sar', 'ops', ['m0', 'm1'], 2],
      ['detach', 'vmstat', 'ops', ['m2'], 2]
    ]
  )
  assert.equal(
    made.stored.map(({ type }) => type),
    ['tools-changed', 'tools-changed']
  )
  changed.end()
  assert.equal(run.record.shortfalls, [])
})

test('name each member that refuses, has it already, lacks it or does not answer', async () => {
  const { change, refusal } = await changing({
    answer: (name, tools) => {
      if (name === 'm1') return { tools: [{ tool: 'sar', usable: false, reason: 'sar: not found on PATH' }] }
      if (name === 'm2') throw new BakError('not-allowed', 'it is closed')
      return yes(name, tools)
    }
  })
  const { members, refused } = await change({})
  assert.equal(members, ['m0'])
  assert.equal(refused, [
    { member: 'm1', reason: 'sar: not found on PATH' },
    { member: 'm2', reason: 'it is closed' }
  ])
  assert.is(await refusal({ on: 'm0' }), 'tool-unavailable: sar was attached nowhere: m0: it runs there already')
  const some = await change({ change: 'detach', tool: 'sar' })
  assert.equal(some, {
    members: ['m0'],
    refused: ['m1', 'm2'].map(member => ({ member, reason: 'it does not run there' }))
  })
  assert.is(
    await refusal({ change: 'detach', tool: 'sar' }),
    'usage: sar of group default runs on none of these members; there are vmstat'
  )
})

test('end the run by what they say themselves of their end, on the members that they were attached to', async () => {
  const { run, change } = await changing({
    answer: (_, tools) => ({ tools: tools.map(({ tool }) => ({ tool, usable: true, onEnd: 'fail' })) })
  })
  await change({ on: 'm0' })
  const [m0 = '', m1 = ''] = run.record.roster.map(({ peer }) => peer)
  const missing = { kind: 'tool', what: 'sar', reason: 'ended early with exit 3', ends: 'run' } as const
  assert.is(endOf(run, m0, missing)?.message, 'sar on m0: ended early with exit 3; that fails the run')
  assert.is(endOf(run, m1, missing), undefined)
})

test('are refused where no sample follows, in words', async () => {
  const { run, changed, refusal } = await changing()
  run.record.manifest = undefined
  assert.match(await refusal({}), /^state: \S+ waits for its members still/)
  run.record.manifest = 'f'.repeat(64)
  changed.begins(step(2))
  assert.match(await refusal({}), /^state: \S+ is in its last sample: tools change with the next one/)
  run.cancel(new Stopped('cancelled', 'enough'))
  assert.match(await refusal({}), /^state: \S+ is ending: no sample follows/)
  run.record.state = 'ended'
  assert.match(await refusal({}), /^state: \S+ has ended/)
  assert.equal([run.tools, run.record.tools], [undefined, undefined])
})

test('are let in with the last planned sample where it may be repeated, and named if it was not', async () => {
  const { run, changed, change } = await changing({ spec: { max_sample_failures: 1 } })
  changed.begins(step(2))
  await change({ on: 'm0' })
  changed.end()
  assert.equal(run.record.shortfalls, [
    { kind: 'tool', member: 'm0', what: 'sar', reason: 'it was attached, and no sample followed' }
  ])
})

test('mean members that run tools: neither who only drives nor who is out', async () => {
  const { made, run, refusal, change } = await changing()
  assert.match(await refusal({ on: 'node-c' }), /^usage: no member of the run fits "node-c": there are m0, m1, m2/)
  const [m0] = made.signers
  run.exclude({ peer: m0?.peer ?? '', name: 'm0', phase: 'work', code: 'lost', reason: 'gone' })
  assert.equal((await change({})).members, ['m1', 'm2'])
})

test('change nothing where the run ended while its members were asked', async () => {
  const { run, refusal } = await changing({
    answer: (name, tools) => {
      run.record.state = 'ended'
      return yes(name, tools)
    }
  })
  assert.match(await refusal({}), /^state: \S+ has ended/)
  assert.is(run.tools, undefined)
})

test.run()
