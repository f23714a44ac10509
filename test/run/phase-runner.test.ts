import { mock } from 'node:test'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { DriverParts, RunOrder } from '../../node/run/driver-parts.ts'
import { PhaseRunner, type PhaseRunnerInit } from '../../node/run/phase-runner.ts'
import type { Heard } from '../../node/run/run-feed.ts'
import { peek, seal } from '../../protocols/envelope.ts'
import type { StoredEvent } from '../../protocols/events.ts'
import { type Ack, ackSubject, bundleOf, type Command, commandSubject } from '../../protocols/phase.ts'
import { newSigner, stayAwake } from '../helpers/streams.ts'
import { controller, ack as goodAck, run, specOf } from '../protocols/samples.ts'

const test = suite('the phases of one run, one after the other')
test.after(stayAwake())

/** m0 tells m1, and m2 tells m3. */
const signers = Array.from({ length: 4 }, newSigner)
const roster = signers.map(({ peer }, rank) => ({ peer, name: `m${rank}`, rank }))

function phases() {
  const told: Array<[command: Command, to: string[]]> = []
  /** Phases of which the mesh heard. */
  const gossiped: string[] = []
  const stored: string[] = []
  /** Whose lines take nothing. */
  const lost: string[] = []
  const record = { manifest: 'f'.repeat(64), roster, excluded: [], partial: false }
  const inbox = {
    isOpen: (_: string, peer: string) => !lost.includes(peer),
    tell: (_: string, peers: Iterable<string>, message: { type: string; sealed: never }) => {
      const to = [...peers].filter(peer => peer !== controller.peer && !lost.includes(peer))
      if (message.type === 'command') told.push([peek(commandSubject, message.sealed), to])
      return to
    }
  }
  const toldToMesh = ({ signed }: Heard, { toMesh = true } = {}) => {
    if (toMesh && 'phase' in signed.value) gossiped.push(signed.value.phase)
  }
  const parts = {
    ...{ inbox, signer: controller, onPhase: () => {}, content: { put: () => '' } },
    ...{ members: { isHere: () => true, list: () => [] }, follow: { say: toldToMesh } }
  } as unknown as DriverParts
  const runner = new PhaseRunner({
    order: { run, epoch: 1, spec: specOf({ policy: { fanout: 2 } }) } as RunOrder,
    folder: { writeEnvelope: async () => {}, writeRecord: async () => {} } as never,
    events: { store: (event: StoredEvent) => stored.push(event.type) } as never,
    record: record as never,
    parts,
    cancelled: new AbortController().signal,
    members: () => roster,
    needed: () => roster.length
  } as PhaseRunnerInit)
  runner.subject = record.manifest
  /** What two members answer by way of the first, each signed by the one that is named behind it. */
  const gather = (ranks: number[], by = ranks) => {
    const [{ run, epoch, seq, phase, subject }] = told.at(-1) as [Command, string[]]
    const acks = by.map(rank => {
      const value: Ack = { ...goodAck, run, epoch, seq, phase, subject }
      return seal(ackSubject, value, signers[rank] as (typeof signers)[number])
    })
    const answers = { type: 'answers' as const, seq, unheard: [], bundles: [{ ranks, sealed: bundleOf(acks) }] }
    assert.is(runner.gather(roster[ranks[0] as number]?.peer as string, answers), undefined)
  }
  return { runner, told, gossiped, stored, lost, gather }
}

test('heads are told, and what they gather ends the phase; it is opened while the next one is open', async () => {
  const { runner, told, gather, stored } = phases()
  let answers = 0
  const start = runner.run('start', {
    onAnswers: acks => {
      answers = acks.length
    }
  })
  assert.equal(
    told.map(([, to]) => to),
    [[roster[0]?.peer, roster[2]?.peer]]
  )
  gather([0, 1])
  gather([2, 3])
  const { verdict, ok } = await start
  assert.equal([verdict, ok], ['met', 4])
  const stop = runner.run('stop')
  gather([0, 1])
  gather([2, 3])
  await stop
  assert.equal([answers, stored.filter(type => type === 'ack').length >= 4], [4, true])
  await runner.settled()
  assert.is(stored.filter(type => type === 'ack').length, 8)
})

test('a head that passes on a false answer ends the run one phase later, by name', async () => {
  const { runner, gather } = phases()
  const start = runner.run('start')
  gather([0, 1], [0, 0])
  gather([2, 3])
  assert.is((await start).verdict, 'met')
  const stop = runner.run('stop')
  gather([0, 1])
  gather([2, 3])
  const error = await stop.catch(cause => cause)
  assert.match(error.message, new RegExp(`^${roster[0]?.peer} passed on a false answer`))
  // whatever cleans up goes on
  const end = runner.run('end', { cleanup: true })
  gather([0, 1])
  gather([2, 3])
  assert.is((await end).verdict, 'met')
  await runner.settled()
})

test('the mesh does not hear of a command that all whom it is for have got over lines, or that is for the controller alone', async () => {
  const { runner, told, gossiped, gather, lost } = phases()
  const stop = runner.run('stop')
  gather([0, 1])
  gather([2, 3])
  await stop
  const work = runner.run('work', { asked: new Map([[controller.peer, 'driver']]), needed: 1 })
  assert.equal(gossiped, [])
  const { run, epoch, seq, phase, subject } = (runner.open as { command: Command }).command
  const value: Ack = { ...goodAck, run, epoch, seq, phase, subject }
  runner.answer({ by: controller.peer, value, envelope: seal(ackSubject, value, controller) })
  await work
  lost.push(roster[2]?.peer as string)
  const send = runner.run('send')
  assert.equal(gossiped, ['send'])
  assert.is(told.at(-1)?.[0].phase, 'send')
  gather([0, 1])
  gather([2, 3])
  await send
})

test('a line that has taken a command is not told again before the fourth attempt, unless one has changed', async () => {
  const { runner, told, gossiped, gather, lost } = phases()
  mock.timers.enable({ apis: ['setTimeout'] })
  const [m0, m1, m2, m3] = roster.map(({ peer }) => peer) as [string, string, string, string]
  const heard = () => told.splice(0).map(([{ attempt }, to]) => [attempt, to])
  const stop = runner.run('stop')
  assert.equal(heard(), [[0, [m0, m2]]])
  mock.timers.tick(250)
  assert.equal(heard(), [[1, []]])
  runner.welcome(m3)
  assert.equal(heard(), [[1, [m2]]])
  lost.push(m2)
  runner.miss(m2)
  assert.equal(heard(), [[1, [m3]]])
  assert.equal(gossiped, [])
  mock.timers.tick(500)
  assert.equal(gossiped, ['stop'], 'm2 has no line')
  mock.timers.tick(1_000)
  assert.equal(told.at(-1)?.[1], [m0, m1, m3])
  assert.is(told.at(-1)?.[0].attempt, 3)
  mock.timers.reset()
  lost.length = 0
  gather([0, 1])
  gather([2, 3])
  await stop
})

test.run()
