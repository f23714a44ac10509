import { readFile } from 'node:fs/promises'
import { mock } from 'node:test'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { PhaseRunner } from '../../node/run/phase-runner.ts'
import type { PlannedPhase } from '../../node/run/plan.ts'
import { Stopped } from '../../node/run/stopped.ts'
import { decode } from '../../protocols/codec.ts'
import { envelope, open, peek, type Signer, seal } from '../../protocols/envelope.ts'
import type { Phase } from '../../protocols/fields.ts'
import { type Ack, ackSubject, type Command, certificateSubject } from '../../protocols/phase.ts'
import { answerOf } from '../../protocols/verify/signed-files.ts'
import { ackOf, fakeRun } from '../helpers/run.ts'
import { newSigner, stayAwake } from '../helpers/streams.ts'
import { controller, step } from '../protocols/samples.ts'

const test = suite('the phases of one run, one after the other')
test.after(stayAwake())

const planned = (phase: Phase, change: Partial<PlannedPhase> = {}): PlannedPhase => ({
  ...{ phase, who: 'members', deadline: 60_000, grace: 0 },
  ...change
})
const quiet = { cleanup: false, onAnswers: () => {} }

/** A run of four members; their answers count, and the controller's own. */
async function runnerOf({ spec = {}, seq = 0 } = {}) {
  const made = await fakeRun({ spec })
  const runner = new PhaseRunner(made.run, { seq })
  const all: Signer[] = [...made.signers, controller]
  const latest = () => made.dispatched.at(-1)?.command as Command
  const answer = (signers = all, change: Partial<Ack> = {}) =>
    runner.receive(signers.map(signer => ackOf(latest(), signer, change)))
  const types = (type: string) => made.stored.filter(event => event.type === type)
  return { ...made, runner, all, latest, answer, types }
}

test('a member that announces what it did not send is excluded by name, and the others go on', async () => {
  const { run, runner, all, latest, answer, types } = await runnerOf({ spec: { policy: { quorum: 'majority' } } })
  const [liar, honest, ...others] = all as [Signer, Signer, ...Signer[]]
  const tarball = { name: '1-default/sample1', digest: 'd'.repeat(64), bytes: 7, files: 'f'.repeat(64) }
  const send = runner.run(planned('send', { step }), quiet)
  run.announcements.received(honest.peer, tarball, tarball.files)
  assert.equal(
    runner.receive([ackOf(latest(), liar, { produced: [tarball] })]).map(({ by, code }) => [by, code]),
    [[liar.peer, 'mismatch']]
  )
  answer([honest], { produced: [tarball] })
  answer(others)
  const { verdict, acks } = await send
  assert.equal([verdict, acks.some(({ by }) => by === liar.peer)], ['met', false])
  const [excluded] = run.record.excluded
  assert.equal(
    [excluded?.peer, excluded?.code, excluded?.reason],
    [liar.peer, 'mismatch', 'it announced 1-default/sample1, which did not arrive']
  )
  assert.is(types('excluded').length, 1)
  assert.ok(run.announcements.answered.has(answerOf(honest.peer, tarball.files)))
})

test('a member whose answer cannot be read is excluded by name, and is not waited for', async () => {
  const { run, runner, all, latest, answer } = await runnerOf({ spec: { policy: { quorum: 'majority' } } })
  const [odd, honest, ...others] = all as [Signer, Signer, ...Signer[]]
  const stage = runner.run(planned('stage', { deadline: 0 }), quiet)
  const unreadable = seal(ackSubject, { ...peek(ackSubject, ackOf(latest(), odd)), outcome: 'fine' as never }, odd)
  // what somebody else made of it counts for nothing
  runner.receive([{ ...unreadable, by: honest.peer }])
  assert.is(runner.receive([unreadable])[0]?.code, 'bad-message')
  answer([honest, ...others])
  assert.is((await stage).verdict, 'met')
  assert.equal(
    run.record.excluded.map(({ peer, code }) => [peer, code]),
    [[odd.peer, 'bad-message']]
  )
})

test('a phase ends with the last answer, and its certificate is on the disk once the next one is over', async () => {
  const { run, runner, all, answer, types } = await runnerOf()
  let answers = 0
  const start = runner.run(planned('start', { step }), {
    cleanup: false,
    onAnswers: acks => {
      answers = acks.length
    }
  })
  answer(all.slice(0, 3))
  answer(all.slice(3))
  const { verdict, acks } = await start
  assert.equal([verdict, acks.length, answers, types('ack').length], ['met', 5, 5, 5])
  const stop = runner.run(planned('stop', { step }), quiet)
  answer()
  await stop
  await runner.settled()
  for (const [seq, phase] of [
    ['0001', 'start'],
    ['0002', 'stop']
  ]) {
    const bytes = await readFile(run.folder.path('certificates', `${seq}-${phase}.cbor`))
    const { value } = open(certificateSubject, decode(envelope, bytes))
    assert.equal([value.phase, value.acks.length, value.verdict], [phase, 5, 'met'])
  }
})

test('commands are numbered on from where the run was', async () => {
  const { runner, latest, answer } = await runnerOf({ seq: 41 })
  const stage = runner.run(planned('stage'), quiet)
  assert.is(latest().seq, 42)
  answer()
  await stage
})

test('the start of a sample leaves time for what tools do before it, that of a window does not wait for it', async () => {
  const { run, runner, latest, answer } = await runnerOf()
  run.tools = { attached: [{ group: 'default', tool: 'gauge', options: {}, ranks: [[0, 3]] }], detached: [] }
  const ahead = async (change: Partial<PlannedPhase>) => {
    const start = runner.run(planned('start', { step, ...change }), quiet)
    const { at, issued } = latest()
    answer()
    await start
    return (at as number) - issued
  }
  assert.ok((await ahead({})) >= 600)
  assert.ok((await ahead({ groups: ['net'] })) < 300)
})

test('of a batch each answer counts or is refused for itself, by name', async () => {
  const { runner, all, latest, types } = await runnerOf()
  const stage = runner.run(planned('stage'), quiet)
  const [m0, m1, m2, m3] = all as [Signer, Signer, Signer, Signer]
  const stranger = newSigner()
  const command = latest()
  const refusals = runner.receive([
    ackOf(command, m0),
    { ...ackOf(command, m0), by: m1.peer },
    ackOf({ ...command, epoch: 0 }, m1),
    ackOf({ ...command, epoch: 2 }, m1),
    ackOf({ ...command, seq: command.seq + 1 }, m2),
    ackOf({ ...command, subject: '0'.repeat(64) }, m2),
    ackOf(command, stranger),
    ackOf(command, m3)
  ])
  assert.equal(
    refusals.map(({ by, seq, code }) => [by, seq, code]),
    [
      [m1.peer, 0, 'bad-signature'],
      [m1.peer, 1, 'old-epoch'],
      [m1.peer, 1, 'old-epoch'],
      [m2.peer, 2, 'phase-closed'],
      [m2.peer, 1, 'wrong-manifest'],
      [stranger.peer, 1, 'not-on-roster']
    ]
  )
  assert.is(types('ack').length, 2)
  assert.equal(runner.receive([m1, m2, controller].map(signer => ackOf(command, signer))), [])
  assert.is((await stage).verdict, 'met')
  assert.is(runner.receive([ackOf(command, m0)])[0]?.code, 'phase-closed')
})

test('a member that is excluded is not asked any more and does not count, but the last phase waits for what it hands over', async () => {
  const { runner, all, latest, answer, run } = await runnerOf({ spec: { policy: { quorum: 'majority' } } })
  const [m0, ...others] = all as [Signer, ...Signer[]]
  const stage = runner.run(planned('stage'), quiet)
  answer([m0], { outcome: 'failed', code: 'tool-failed', reason: 'it broke' })
  answer(others)
  await stage
  assert.equal([...run.excluded.keys()], [m0.peer])
  const init = runner.run(planned('init'), quiet)
  assert.equal(
    latest().to,
    others.map(({ peer }) => peer)
  )
  assert.is(answer([m0])[0]?.code, 'not-on-roster')
  answer(others)
  await init
  const last = runner.run(planned('terminate', { who: 'everyone' }), quiet)
  assert.is(latest().to, undefined)
  answer(others)
  assert.equal(answer([m0]), [])
  assert.is((await last).acks.length, 5)
})

test('a phase of the controller alone is not published, and nobody else needs to answer', async () => {
  const { runner, dispatched, answer } = await runnerOf()
  const work = runner.run(planned('work', { step, who: 'controller', deadline: 0 }), quiet)
  answer([controller])
  assert.is((await work).verdict, 'met')
  assert.equal(
    dispatched.map(({ command, published }) => [command.to, published]),
    [[[controller.peer], false]]
  )
})

test('a command is repeated for those without an answer', async () => {
  const { runner, all, dispatched, answer } = await runnerOf()
  mock.timers.enable({ apis: ['setTimeout'] })
  try {
    const stop = runner.run(planned('stop', { step }), quiet)
    answer(all.slice(1))
    mock.timers.tick(250)
    assert.equal(
      dispatched.map(({ command: { attempt, to, oneHop } }) => [attempt, to, oneHop]),
      [
        [0, undefined, true],
        [1, [all[0]?.peer], undefined]
      ]
    )
    mock.timers.reset()
    answer(all.slice(0, 1))
    await stop
  } finally {
    mock.timers.reset()
  }
})

test('a member that left the mesh is waited for while its stream is open', async () => {
  const { runner, all, gone, without, answer, signers } = await runnerOf({ spec: { policy: { quorum: 'majority' } } })
  const [{ peer }] = signers as [Signer]
  const stop = runner.run(planned('stop', { step }), quiet)
  without.add(peer)
  runner.open?.checkReachable()
  answer(all.slice(1, 4))
  assert.is(runner.open?.command.phase, 'stop', 'it is still a member of the mesh')
  gone.add(peer)
  runner.open?.checkReachable()
  answer(all.slice(4))
  assert.equal(
    (await stop).missing.map(({ name, code }) => [name, code]),
    [['m0', 'lost']]
  )
})

test('a member that is lost while it sends may return within policy.lost_timeout, unless it left', async () => {
  const spec = { policy: { quorum: 1, lost_timeout: 0.2 } }
  const { run, runner, all, gone, without, answer, signers } = await runnerOf({ spec })
  const [first, second, third] = signers.map(({ peer }) => peer) as [string, string, string]
  const { get } = run.parts.members
  run.parts.members.get = peer => (peer === third ? ({ ...get(peer), state: 'left' } as never) : get(peer))
  const send = runner.run(planned('send', { step, limit: 60_000 }), quiet)
  for (const peer of [first, second, third]) {
    gone.add(peer)
    without.add(peer)
  }
  runner.open?.checkReachable()
  answer(all.slice(3))
  gone.delete(first)
  runner.open?.checkReachable()
  answer(all.slice(0, 1))
  assert.is(runner.open?.command.phase, 'send')
  const { missing, took } = await send
  assert.equal(
    missing.map(({ name, code }) => [name, code]),
    [
      ['m1', 'lost'],
      ['m2', 'lost']
    ]
  )
  assert.ok(took >= 190, `${took} ms`)
})

test('a phase that fails stops the run with what was missing, unless it cleans up', async () => {
  const { runner, answer, all } = await runnerOf()
  const failed = { outcome: 'failed', code: 'tool-failed', reason: 'it did not start' } as const
  const start = runner.run(planned('start', { step }), quiet).catch(cause => cause)
  answer(all.slice(0, 1), failed)
  const error = await start
  assert.instance(error, Stopped)
  assert.is(error.verdict, 'quorum')
  assert.is(error.message, 'm0: it did not start; 0 of the 4 members needed answered start')
  const stop = runner.run(planned('stop', { step }), { cleanup: true, onAnswers: () => {} })
  answer(all.slice(1, 2), failed)
  answer(all.slice(2))
  assert.is((await stop).verdict, 'failed')
})

test('a cancelled run opens no more phases, but for those that clean up', async () => {
  const { run, runner, answer, dispatched } = await runnerOf()
  run.cancel(new Stopped('cancelled', 'enough'))
  const error = await runner.run(planned('stage'), quiet).catch(cause => cause)
  assert.equal([error.message, dispatched.length], ['enough', 0])
  const end = runner.run(planned('end'), { cleanup: true, onAnswers: () => {} })
  answer()
  assert.is((await end).verdict, 'met')
})

test('a folder that cannot be written fails the phase after it', async () => {
  const { run, runner, answer } = await runnerOf()
  run.folder.writeEnvelope = async () => {
    throw new Error('the disk is full')
  }
  const stage = runner.run(planned('stage'), quiet)
  answer()
  await stage
  const init = runner.run(planned('init'), quiet).catch(cause => cause)
  answer()
  assert.match((await init).message, /the result folder cannot be written: the disk is full/)
})

test.run()
