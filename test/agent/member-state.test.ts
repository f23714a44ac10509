import { existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MemberState, restoreMember } from '../../node/agent/member-state.ts'
import { openOutbox } from '../../node/store/outbox.ts'
import { seal } from '../../protocols/envelope.ts'
import { manifestSubject, offerSubject } from '../../protocols/manifest.ts'
import { ackSubject } from '../../protocols/phase.ts'
import { ack, controller, manifest, offer, run, member as self } from '../protocols/samples.ts'
import { scratch } from '../store/scratch.ts'

const test = suite('what a member keeps on its disk')

async function newMember() {
  const folder = join(scratch(), 'work', run)
  const outbox = await openOutbox(join(folder, 'outbox'), run)
  const member = new MemberState({
    folder,
    self: self.peer,
    outbox,
    offerSealed: seal(offerSubject, offer, controller)
  })
  const restored = () => restoreMember(folder, self.peer, outbox)
  return { member, folder, restored }
}

const answer = (seq: number) => seal(ackSubject, { ...ack, seq }, self)

test('a daemon that was killed knows how far it was: state, number, last answer', async () => {
  const { member, restored } = await newMember()
  await member.save()
  Object.assign(member, { state: 'joined', seq: 1, ack: answer(1) })
  await member.keep()
  member.accept(seal(manifestSubject, manifest, controller))
  Object.assign(member, { state: 'ready', seq: 2, ack: answer(2) })
  await member.keep()
  assert.is((await restored()).manifestDigest, member.manifestDigest)
  Object.assign(member, { state: 'running', seq: 4, ack: answer(4) })
  await member.keep()
  const { state, seq, ack: last, interrupted, manifestDigest } = await restored()
  assert.equal([state, seq, interrupted, manifestDigest], ['running', 4, true, member.manifestDigest])
  assert.equal(last, answer(4))
  await member.close()
})

test('a phase that changes no state writes nothing, and a change of state only what is small', async () => {
  const { member, folder } = await newMember()
  await member.save()
  const whole = statSync(join(folder, 'member.cbor'))
  member.seq = 1
  await member.keep()
  assert.not(existsSync(join(folder, 'state.cbor')))
  Object.assign(member, { state: 'idle', seq: 2 })
  await member.keep()
  assert.ok(statSync(join(folder, 'state.cbor')).size < 100)
  assert.is(statSync(join(folder, 'member.cbor')).mtimeMs, whole.mtimeMs)
  await member.close()
})

test('an answer that is long is kept, too, and what comes after it', async () => {
  const { member, restored } = await newMember()
  await member.save()
  const warnings = Array.from({ length: 40 }, (_, i) => `${i}: ${'it ended slowly '.repeat(10)}`)
  const long = seal(ackSubject, { ...ack, seq: 5, warnings }, self)
  for (const [seq, state, last] of [
    [4, 'running', answer(4)],
    [5, 'idle', long],
    [6, 'running', answer(6)]
  ] as const) {
    Object.assign(member, { state, seq, ack: last })
    await member.keep()
    assert.equal([(await restored()).state, (await restored()).ack], [state, last])
  }
  await member.close()
})

test('a member that is orphaned after its last command is so for the next daemon, too', async () => {
  const { member, restored } = await newMember()
  await member.save()
  Object.assign(member, { state: 'running', seq: 3 })
  await member.keep()
  member.state = 'orphaned'
  await member.keep()
  assert.equal([(await restored()).state, (await restored()).interrupted], ['orphaned', false])
  await member.close()
})

test('a state that is damaged, or older than the whole, is not believed', async () => {
  const { member, folder, restored } = await newMember()
  await member.save()
  Object.assign(member, { state: 'idle', seq: 3 })
  await member.keep()
  assert.is((await restored()).state, 'idle')
  Object.assign(member, { state: 'orphaned', seq: 7 })
  await member.keep()
  assert.is((await restored()).state, 'orphaned')
  await member.close()
  for (const damaged of ['x', '', Buffer.from([0, 0, 0, 9, 1]), Buffer.alloc(99)]) {
    writeFileSync(join(folder, 'state.cbor'), damaged)
    assert.equal([(await restored()).state, (await restored()).seq], ['orphaned', 7])
  }
})

test('the options of a tool are those of the rank of the member, once it has one', async () => {
  const { member } = await newMember()
  const tools = [{ group: 'g', tool: 'sar', options: { interval: 3, override: [{ rank: '0-9', interval: 1 }] } }]
  const mine = member.offer.candidates.find(({ peer }) => peer === self.peer)
  Object.assign(mine ?? {}, { tools })
  assert.equal(member.tools, tools)
  member.accept(seal(manifestSubject, manifest, controller))
  assert.equal(member.tools, [{ group: 'g', tool: 'sar', options: { interval: 1 } }])
})

test.run()
