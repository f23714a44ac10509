/** Which tools of a member are due, what changes at a start, and what is said of those that were interrupted. */
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MemberState } from '../../../node/agent/member-state.ts'
import type { PhaseContext } from '../../../node/agent/phases/phase.ts'
import { admitAttached, dueTools, onEndHere } from '../../../node/agent/running-tools/due-tools.ts'
import {
  endPersistent,
  INTERRUPTED,
  interruptedTool,
  interruptedTools,
  persistentChanges,
  startPersistent
} from '../../../node/agent/running-tools/persistent-tools.ts'
import { openOutbox } from '../../../node/store/outbox.ts'
import type { Tool } from '../../../node/tools/tool.ts'
import { seal } from '../../../protocols/envelope.ts'
import { BakError } from '../../../protocols/errors.ts'
import { type Assignment, manifestSubject, offerSubject } from '../../../protocols/manifest.ts'
import { PLATFORM } from '../../../protocols/staged.ts'
import { stayAwake } from '../../helpers/streams.ts'
import { until } from '../../helpers/workspace.ts'
import { controller, manifest, offer, run, member as signer, specOf } from '../../protocols/samples.ts'
import { plant, scratch } from '../../store/scratch.ts'

const test = suite('persistent tools of a member')
test.after(stayAwake())

const named = (tool: string, options = {}, group = 'default'): Assignment => ({ group, tool, options })
const pcp = named('pcp')
const failing = named('failing', { lifetime: 'persistent' })
const offered = [named('vmstat'), pcp, failing, named('absent')]

/** A member that has answered `stage`; `pcp` is persistent, `absent` cannot be used. */
async function memberOf(policy = {}, tools = offered) {
  const folder = join(scratch(), run)
  const outbox = await openOutbox(join(folder, 'outbox'), run)
  const entry = { peer: signer.peer, name: 'node-b', tools }
  const spec = specOf({ policy })
  const sealed = seal(offerSubject, { ...offer, spec, candidates: [entry] }, controller)
  const member = new MemberState({ folder, self: signer.peer, outbox, offerSealed: sealed })
  const [first] = manifest.roster
  const found = tools.map(({ tool }) => ({
    ...{ tool, usable: tool !== 'absent' },
    ...(tool === 'pcp' ? { lifetime: 'persistent' as const } : {})
  }))
  const capabilities = { ...first?.capabilities, tools: found }
  member.accept(
    seal(manifestSubject, { ...manifest, spec, roster: [{ ...entry, rank: 0, capabilities }] } as never, controller)
  )
  const started: string[] = []
  const stopped: string[] = []
  const toolOf = (name: string) => ({
    start: async ({ folder: at }: { folder: string }) => {
      if (name === 'failing') throw new BakError('tool-failed', 'no disk')
      started.push(at.slice(member.data.length + 1))
      const stop = async () => {
        stopped.push(name)
        return []
      }
      return { began: 0, ready: Promise.resolve(), stop }
    }
  })
  const context = {
    ...{ member, tell: () => {}, leave: () => {}, signal: new AbortController().signal },
    parts: {
      owner: { programsOf: () => ({}), lend: () => assert.unreachable() },
      swarms: { store: {} },
      catalogue: { find: async (name: string) => toolOf(name) as unknown as Tool }
    }
  } as unknown as PhaseContext
  return { member, context, started, stopped }
}

test('are those of the offer that it can use and that say so, of themselves or by the run', async () => {
  const { member } = await memberOf()
  const { transient, persistent } = dueTools(member)
  assert.equal([transient, persistent], [[named('vmstat')], [pcp, failing]])
})

test('start each in its folder; one that cannot is named, and not tried again', async () => {
  const { member, context, started, stopped } = await memberOf()
  const missing = await startPersistent(context, dueTools(member).persistent)
  assert.equal(missing, [{ kind: 'tool', what: 'failing', reason: 'no disk' }])
  assert.equal(started, ['tools-default/node-b/pcp'])
  assert.equal(persistentChanges(member, '1-default/sample1'), { begin: [], end: [], missing: [] })
  assert.equal(interruptedTools(member), [])
  assert.equal(await endPersistent(member), { missing: [], warnings: [] })
  assert.equal([stopped, member.persistent], [['pcp'], []])
})

test('a tool whose bundle is not here, as one that was attached, fails to start, and its member goes on', async () => {
  const { member, context, started } = await memberOf()
  const missing = await startPersistent(context, [named('pcp', { bundle: { [PLATFORM]: '/b' } }), named('vmstat')])
  assert.equal(missing, [{ kind: 'tool', what: 'pcp', reason: `no bundle for ${PLATFORM}` }])
  assert.equal([started, member.persistent.length], [['tools-default/node-b/vmstat'], 1])
})

test('end with the start from which on they are detached, and begin beside what they wrote when they come back', async () => {
  const { member, context, started } = await memberOf()
  await startPersistent(context, [pcp])
  await plant(member.data, { 'tools-default/node-b/pcp/0.xz': 'x' })
  member.changes = { attached: [], detached: [{ group: 'default', tool: 'pcp', ranks: [[0, 0]] }] }
  const gone = persistentChanges(member, '1-default/sample1')
  assert.equal(
    [gone.begin.map(({ tool }) => tool), gone.end.map(({ assignment }) => assignment.tool), gone.missing],
    [['failing'], ['pcp'], []]
  )
  await endPersistent(member, gone.end)
  assert.equal(interruptedTools(member), [], 'nobody took it away but who asked for it')
  member.changes = undefined
  const back = persistentChanges(member, '1-default/sample2')
  assert.ok(back.begin.some(({ tool }) => tool === 'pcp'))
  await startPersistent(context, [pcp])
  assert.is(started.at(-1), 'tools-default/node-b/pcp/restart1')
})

test('one that gets other options ends, and begins with them', async () => {
  const { member, context, started, stopped } = await memberOf({}, [pcp])
  await startPersistent(context, [pcp])
  await plant(member.data, { 'tools-default/node-b/pcp/0.xz': 'x' })
  const ranks: Array<[number, number]> = [[0, 0]]
  const other = { ...pcp, options: { lifetime: 'persistent' as const, interval: 5 } }
  member.changes = { attached: [{ ...other, ranks }], detached: [{ group: 'default', tool: 'pcp', ranks }] }
  const changes = persistentChanges(member, '1-default/sample1')
  assert.equal([changes.begin, changes.end.length, changes.missing], [[other], 1, []])
  await Promise.all([startPersistent(context, changes.begin), endPersistent(member, changes.end)])
  assert.equal([stopped, started.at(-1)], [['pcp'], 'tools-default/node-b/pcp/restart1'])
  assert.equal(persistentChanges(member, '1-default/sample2'), { begin: [], end: [], missing: [] })
})

test('one that could not be started is tried again once it was detached', async () => {
  const { member, context } = await memberOf({}, [failing])
  await startPersistent(context, [failing])
  member.changes = { attached: [], detached: [{ group: 'default', tool: 'failing', ranks: [[0, 0]] }] }
  assert.equal(persistentChanges(member, '1-default/sample1'), { begin: [], end: [], missing: [] })
  member.changes = undefined
  assert.equal(persistentChanges(member, '1-default/sample2'), { begin: [failing], end: [], missing: [] })
})

test('one that fails to start while another ends is not among those that run', async () => {
  const { member, context } = await memberOf()
  const slow = Promise.withResolvers<never>()
  const find = async () => ({ start: async () => slow.promise }) as unknown as Tool
  await startPersistent(context, [pcp])
  const begins = startPersistent(
    { ...context, parts: { ...context.parts, catalogue: { ...context.parts.catalogue, find } } },
    [failing]
  )
  await until(() => member.persistent.length === 2)
  await endPersistent(member, member.persistent.slice(0, 1))
  slow.reject(new BakError('tool-failed', 'no disk'))
  assert.is((await begins).length, 1)
  assert.equal(member.persistent, [], 'what failed has gone, too')
})

const policies: Array<[onEnd: string, begins: boolean, ends: 'member' | 'run' | undefined]> = [
  ['ignore', false, undefined],
  ['restart', true, undefined],
  ['fail', false, 'run']
]
for (const [onEnd, begins, ends] of policies) {
  test(`that a daemon took with it are named with ${onEnd}, and ${begins ? 'start' : 'do not start'} again`, async () => {
    const { member } = await memberOf({ on_ended_tool: onEnd }, [pcp])
    await plant(member.data, { 'tools-default/node-b/pcp/0.xz': 'x' })
    assert.equal(interruptedTools(member), [pcp])
    assert.is(interruptedTool(member, pcp).ends, ends)
    const { begin, missing } = persistentChanges(member, '1-default/sample2')
    assert.equal(begin, begins ? [pcp] : [])
    assert.is(missing.length, 1)
    assert.is(missing[0]?.reason, begins ? `${INTERRUPTED}; it was started again in 1-default/sample2` : INTERRUPTED)
    if (!begins) assert.equal(persistentChanges(member, '1-default/sample3').missing, [], 'named once')
  })
}

test('that a daemon took with it end the part of their member with exclude', async () => {
  const { member } = await memberOf({ on_ended_tool: 'exclude' }, [pcp])
  await plant(member.data, { 'tools-default/node-b/pcp/0.xz': 'x' })
  assert.throws(
    () => persistentChanges(member, '1-default/sample2'),
    (cause: unknown) => (cause as BakError).code === 'tool-failed' && /^pcp: the daemon/.test((cause as Error).message)
  )
})

test('that were attached are known by what they wrote when the daemon was killed', async () => {
  const { member } = await memberOf({}, [pcp])
  const dcgm = named('dcgm')
  member.changes = { attached: [{ ...dcgm, ranks: [[0, 0]] }], detached: [] }
  assert.equal(dueTools(member).transient, [dcgm])
  await plant(member.data, { 'tools-default/node-b/dcgm/dcgm.cmd': 'x' })
  assert.equal(interruptedTools(member), [dcgm])
})

test('what was attached is asked of the owner at each start, and whether it runs here once', async () => {
  const { member } = await memberOf()
  let checks = 0
  let forbids = false
  const parts = {
    owner: {
      check: async () => {
        if (forbids) throw new BakError('not-allowed', 'allow.tools does not name dcgm')
      }
    },
    catalogue: {
      find: async () => assert.unreachable(),
      check: async (tool: string) => {
        checks++
        if (tool === 'bad') return { tool, usable: false, reason: 'bad: not found on PATH' }
        return { tool, usable: true, lifetime: 'persistent' as const, onEnd: 'restart' as const }
      }
    }
  } as unknown as Parameters<typeof admitAttached>[1]
  const dcgm = named('dcgm')
  member.changes = { attached: [dcgm, named('bad')].map(each => ({ ...each, ranks: [[0, 0]] })), detached: [] }
  assert.equal(await admitAttached(member, parts), [
    { kind: 'tool', what: 'bad', reason: 'not attached: not found on PATH' }
  ])
  assert.ok(dueTools(member).persistent.some(({ tool }) => tool === 'dcgm'))
  assert.is(onEndHere(member, dcgm), 'restart', 'the word of the tool where the run says nothing')
  await admitAttached(member, parts)
  assert.is(checks, 3, 'one that can run is not looked at again')
  forbids = true
  const refused = await admitAttached(member, parts)
  assert.ok(refused.some(({ what, reason }) => what === 'dcgm' && /allow\.tools does not name dcgm/.test(reason)))
  assert.not(dueTools(member).persistent.some(({ tool }) => tool === 'dcgm'))
})

test.run()
