import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MemberRun } from '../../node/agent/member-run.ts'
import { MemberState, restoreMember } from '../../node/agent/member-state.ts'
import type { PhaseParts } from '../../node/agent/phases/phase.ts'
import type { ToolRun } from '../../node/agent/running-tools/tool-run.ts'
import { RunStreamClient } from '../../node/channels/run-stream-client.ts'
import { createLog } from '../../node/log.ts'
import { openOutbox } from '../../node/store/outbox.ts'
import { peek, seal } from '../../protocols/envelope.ts'
import { BakError } from '../../protocols/errors.ts'
import { toolFolder } from '../../protocols/layout.ts'
import { offerSubject } from '../../protocols/manifest.ts'
import { type Ack, ackSubject, type Command, type Step } from '../../protocols/phase.ts'
import { fake } from '../helpers/run.ts'
import { newSigner, stayAwake } from '../helpers/streams.ts'
import { until } from '../helpers/workspace.ts'
import { command, controller, offer, run, member as signer, specOf, step } from '../protocols/samples.ts'
import { plant, scratch } from '../store/scratch.ts'

const test = suite('one run on one member')
test.after(stayAwake())

const usage = { at: 0, user: 1, system: 1, voluntary: 1, involuntary: 0, sent: 0, received: 0 }
const LEASE_MS = 1_000

/** A member that waits for its first sample, without tools, and says whether it measures. */
async function memberRunOf({ longest }: { longest?: number } = {}) {
  const folder = join(scratch(), run)
  const outbox = await openOutbox(join(folder, 'outbox'), run)
  const spec = specOf({ policy: { lease: LEASE_MS / 1000 } })
  const plainOffer = { ...offer, spec, candidates: [{ peer: signer.peer, name: 'node-b', tools: [] }] }
  const member = new MemberState({
    ...{ folder, self: signer.peer, outbox },
    offerSealed: seal(offerSubject, plainOffer, controller)
  })
  member.state = 'idle'
  const said: boolean[] = []
  const log: string[] = []
  let over = 0
  let gone = false
  const nowhere = async () => {
    throw new BakError('unreachable', 'no way there')
  }
  const memberRun = new MemberRun({
    ...{ member, signer, to: () => nowhere, server: { open: () => {}, close: () => {} } },
    log: createLog('info', line => log.push(line)),
    stream: new RunStreamClient({ run, open: nowhere }),
    parts: fake<PhaseParts>({
      allow: async () => {},
      owner: fake<PhaseParts['owner']>({ longestOf: () => longest }),
      usage: () => ({ ...usage }),
      hooks: { join: async () => [], end: async () => [] }
    }),
    onMeasuring: measures => said.push(measures),
    onOver: () => void over++,
    onGone: () => {
      gone = true
    }
  })
  let seq = 0
  const handle = (change: Partial<Command>, by = controller.peer) =>
    memberRun.handle({ ...command, step, at: undefined, to: undefined, seq: ++seq, ...change }, by)
  /** @returns the answer, once it is there */
  const order = async (phase: Command['phase'], at: Step | undefined = step): Promise<Ack> => {
    handle({ phase, step: at })
    return until(() => {
      const ack = member.ack == null ? undefined : peek(ackSubject, member.ack)
      return ack?.seq === seq ? ack : undefined
    })
  }
  const restored = () => restoreMember(folder, signer.peer, outbox)
  return { memberRun, member, handle, order, said, log, restored, over: () => over, isGone: () => gone }
}

/** A tool that runs on the member, and what it has written so far. */
async function startTool(member: MemberState) {
  const stopped: string[] = []
  const stop = async () => {
    stopped.push('it')
    return { missing: [], warnings: [] }
  }
  member.started.push(fake<ToolRun>({ stop }))
  await plant(member.data, { [`${toolFolder(step, 'default', 'node-b', 'vmstat')}/out.txt`]: 'r b' })
  return stopped
}

test('it measures from its answer to start to its answer to stop, which says what that cost', async () => {
  const { order, said } = await memberRunOf()
  const start = await order('start')
  assert.equal([start.outcome, start.observed, said], ['ok', undefined, [true]])
  const stop = await order('stop')
  assert.equal([stop.outcome, said], ['ok', [true, false]])
  assert.equal(stop.observed, {
    ...{ elapsed: 0, user: 0, system: 0, tools: 0 },
    ...{ voluntary: 0, involuntary: 0, sent: 0, received: 0 }
  })
})

test('a member whose data cannot be packed is out of the run all the same, and keeps the data', async () => {
  const { memberRun, member, order, over, log } = await memberRunOf()
  await order('start')
  await startTool(member)
  const full = async () => {
    throw new BakError('no-space', 'no space left')
  }
  member.outbox.add = full
  member.save = full
  memberRun.abandon()
  await until(() => (member.state === 'orphaned' ? true : undefined))
  assert.is(over(), 1)
  assert.match(log.join(''), /no space left.*data not packed/)
  const left = await memberRun.pack().catch(({ code }) => code)
  assert.is(left, 'no-space', 'the data is still there')
})

test('a member that cannot hand over its data at the end is out of the run', async () => {
  const { member, order } = await memberRunOf()
  await order('start')
  await startTool(member)
  member.outbox.add = async () => {
    throw new BakError('no-space', 'no space left')
  }
  const terminate = await order('terminate')
  assert.equal([terminate.outcome, terminate.code], ['failed', 'no-space'])
  await until(() => (member.state === 'orphaned' ? true : undefined))
})

test('what tools say is cut to what an answer has room for', async () => {
  const { member, order } = await memberRunOf()
  member.state = 'running'
  const said = Array.from({ length: 70 }, () => 'x'.repeat(2_000))
  const missing = said.map(reason => ({ kind: 'tool' as const, what: 'vmstat', reason }))
  member.started.push(fake<ToolRun>({ stop: async () => ({ missing, warnings: said }) }))
  const { outcome, missing: named = [], warnings = [] } = await order('stop')
  assert.equal([outcome, named.length, warnings.length], ['ok', 64, 64])
  assert.equal([named[0]?.reason.length, warnings[0]?.length], [1_024, 1_024])
})

test('a start that is refused begins no measurement', async () => {
  const { order, said } = await memberRunOf()
  const start = await order('start', { ...step, number: 99 })
  assert.is(start.code, 'not-allowed')
  assert.equal(said, [])
})

test('a run that is given up in mid measurement measures no more', async () => {
  const { memberRun, order, said, isGone } = await memberRunOf()
  await order('start')
  memberRun.abandon()
  await until(() => (isGone() ? true : undefined))
  assert.is(said.at(-1), false)
})

test('a stop without a start before is no fault, and after a start of the daemon the tools are named that it ended', async () => {
  const { member, order, restored } = await memberRunOf()
  const stop = await order('stop')
  assert.equal([stop.outcome, stop.missing, member.state], ['ok', [], 'idle'])
  await member.save()
  assert.is((await restored()).interrupted, true)
})

test('a stop after the daemon was started again says no cost: it was not measured before', async () => {
  const { member, order } = await memberRunOf()
  member.state = 'running'
  const stop = await order('stop')
  assert.equal([stop.outcome, stop.observed], ['ok', undefined])
})

test('a run that takes longer than the owner of the machine allows is over there, whatever its controller says', async () => {
  const { memberRun, member, order, log } = await memberRunOf({ longest: LEASE_MS / 2 })
  memberRun.begin()
  await order('start')
  const stopped = await startTool(member)
  await until(() => (member.state === 'orphaned' ? true : undefined))
  assert.equal(stopped, ['it'])
  assert.match(log.join(''), /limit=run_limits\.time .*takes longer than its owner allows here/)
  assert.is((await order('stop')).code, 'state')
})

test('when the lease is over the member is orphaned: its tools are stopped, its data is packed and kept', async () => {
  const { member, order, said, over, isGone, restored, log } = await memberRunOf()
  await order('start')
  const stopped = await startTool(member)
  const began = performance.now()
  await until(() => (member.state === 'orphaned' ? true : undefined))
  assert.ok(performance.now() - began > LEASE_MS / 2)
  assert.equal([stopped, said.at(-1), over(), isGone()], [['it'], false, 1, false])
  assert.equal(
    (await member.outbox.list()).map(({ kind, allow }) => [kind, allow]),
    [['sample', ['1-default/sample1/tools-default/node-b']]]
  )
  await until(async () => ((await restored().catch(() => undefined))?.state === 'orphaned' ? true : undefined))
  assert.match(log.join(''), /silent for longer than its lease/)
  const stop = await order('stop')
  assert.equal([stop.outcome, stop.code, stop.reason], ['refused', 'state', 'stop is not legal in state orphaned'])
})

test('when the lease is over and nothing was measured, nothing of the run is left', async () => {
  const { member, order, over, isGone } = await memberRunOf()
  await order('start')
  await until(() => (isGone() ? true : undefined))
  assert.equal([member.state, over(), existsSync(member.folder)], ['gone', 1, false])
})

test('a controller that is alive keeps its lease, by signs and by commands', async () => {
  const { memberRun, member, order } = await memberRunOf()
  await order('start')
  for (let i = 0; i < 5; i++) {
    await sleep(LEASE_MS * 0.4)
    memberRun.renewLease()
  }
  assert.is(member.state, 'running')
  await order('stop')
  await sleep(LEASE_MS * 0.6)
  assert.is(member.state, 'idle')
})

test('behind the end of a run a lease holds as long as its jobs go on, and no longer', async () => {
  const { member, handle, log } = await memberRunOf()
  member.state = 'ended'
  await sleep(LEASE_MS * 1.3)
  assert.is(member.state, 'ended')
  handle({ phase: 'work', part: 'jobs', when: 'end', step: undefined })
  await until(() => /silent for longer than its lease/.test(log.join('')) || undefined)
})

test('a member whose own acknowledgement is refused as not on the roster gives the run up; for others it does not', async () => {
  const { memberRun, member, order, isGone } = await memberRunOf()
  await order('start')
  const refusal = { seq: 1, code: 'not-on-roster', reason: 'excluded' }
  memberRun.onRefused({ by: newSigner().peer, ...refusal })
  memberRun.onRefused({ by: signer.peer, ...refusal, code: 'phase-closed' })
  await sleep(50)
  assert.is(member.state, 'running')
  memberRun.onRefused({ by: signer.peer, ...refusal })
  await until(() => (isGone() ? true : undefined))
})

test('a stream that the controller does not accept any more ends the run here', async () => {
  for (const code of ['no-such-run', 'not-on-roster']) {
    const { memberRun, order, isGone } = await memberRunOf()
    await order('start')
    memberRun.onRefused({ code, reason: 'it is over' })
    await until(() => (isGone() ? true : undefined))
  }
})

test('commands of another peer, of another epoch, for others and from before change nothing', async () => {
  const { member, handle, order, log } = await memberRunOf()
  await order('start')
  const before = member.ack
  const stop = { phase: 'stop' } as const
  handle({ ...stop, seq: 9 }, newSigner().peer)
  handle({ ...stop, seq: 9, epoch: 0 })
  handle({ ...stop, seq: 9, epoch: 2 })
  handle({ ...stop, seq: 0 })
  handle({ ...stop, seq: 9, to: [controller.peer] })
  handle({ ...stop, seq: 1 })
  await sleep(50)
  assert.equal([member.state, member.seq, member.ack], ['running', 1, before])
  assert.equal(
    log.filter(line => line.includes('command refused')).map(line => /code=(\S+)/.exec(line)?.[1]),
    ['not-the-controller', 'old-epoch', 'old-epoch']
  )
})

test('a newer command aborts one that is still going on', async () => {
  const { member, handle, order } = await memberRunOf()
  // far ahead, so that it waits
  handle({ phase: 'start', at: Date.now() + 4_000, issued: Date.now() })
  await sleep(50)
  const began = performance.now()
  const stop = await order('stop')
  assert.ok(performance.now() - began < 3_000)
  assert.equal([stop.outcome, member.seq, member.state], ['ok', 2, 'idle'])
})

test.run()
