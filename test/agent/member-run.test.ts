import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MemberRun } from '../../node/agent/member-run.ts'
import { MemberState } from '../../node/agent/member-state.ts'
import type { PhaseParts } from '../../node/agent/phases/phase.ts'
import { createLog } from '../../node/log.ts'
import { openOutbox } from '../../node/store/outbox.ts'
import { peek, seal } from '../../protocols/envelope.ts'
import { BakError } from '../../protocols/errors.ts'
import { offerSubject } from '../../protocols/manifest.ts'
import { type Ack, ackSubject, type Command, type Step } from '../../protocols/phase.ts'
import { stayAwake } from '../helpers/streams.ts'
import { until } from '../helpers/workspace.ts'
import { command, controller, offer, run, member as signer, step } from '../protocols/samples.ts'
import { scratch } from '../store/scratch.ts'

const test = suite('one run on one member')
test.after(stayAwake())

const look = { at: 0, user: 1, system: 1, voluntary: 1, involuntary: 0, sent: 0, received: 0 }

/** A member that waits for its first sample, without tools, and says whether it measures. */
async function taking() {
  const folder = join(scratch(), run)
  const outbox = await openOutbox(join(folder, 'outbox'), run)
  const quietOffer = { ...offer, candidates: [{ peer: signer.peer, name: 'node-b', tools: [] }] }
  const member = new MemberState({
    ...{ folder, self: signer.peer, outbox },
    offerSealed: seal(offerSubject, quietOffer, controller)
  })
  member.state = 'idle'
  const said: boolean[] = []
  let gone = false
  const nowhere = async () => {
    throw new BakError('unreachable', 'no way there')
  }
  const parts = { allow: async () => {}, look: () => ({ ...look }) } as unknown as PhaseParts
  const taken = new MemberRun({
    ...{ member, log: createLog('error', () => {}), signer, to: () => nowhere, inbox: {} as never, parts },
    onMeasuring: measures => said.push(measures),
    onTold: () => {},
    onGone: () => {
      gone = true
    }
  })
  let seq = 0
  /** @returns the answer, once it is there */
  const hear = async (phase: Command['phase'], at: Step | undefined = step): Promise<Ack> => {
    const next = ++seq
    taken.hear({ ...command, phase, seq: next, step: at, at: undefined, to: undefined }, controller.peer)
    return until(() => {
      const ack = member.ack == null ? undefined : peek(ackSubject, member.ack)
      return ack?.seq === next ? ack : undefined
    })
  }
  return { taken, member, hear, said, isGone: () => gone }
}

test('it measures from its answer to start to its answer to stop, which tells what that cost', async () => {
  const { hear, said } = await taking()
  const start = await hear('start')
  assert.equal([start.outcome, start.observed, said], ['ok', undefined, [true]])
  const stop = await hear('stop')
  assert.equal([stop.outcome, said], ['ok', [true, false]])
  assert.equal(stop.observed, {
    ...{ elapsed: 0, user: 0, system: 0, tools: 0 },
    ...{ voluntary: 0, involuntary: 0, sent: 0, received: 0 }
  })
})

test('a start that is refused begins no measurement', async () => {
  const { hear, said } = await taking()
  const start = await hear('start', { ...step, number: 99 })
  assert.is(start.code, 'not-allowed')
  assert.equal(said, [])
})

test('a run that is given up in mid measurement measures no more', async () => {
  const { taken, hear, said, isGone } = await taking()
  await hear('start')
  taken.abandon()
  await until(() => (isGone() ? true : undefined))
  assert.is(said.at(-1), false)
})

test('a stop after the daemon was started again tells no cost: nobody looked before', async () => {
  const { member, hear } = await taking()
  member.state = 'running'
  const stop = await hear('stop')
  assert.equal([stop.outcome, stop.observed], ['ok', undefined])
})

test.run()
