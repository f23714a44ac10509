import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RunStreamClient } from '../../node/channels/run-stream-client.ts'
import type { RunStreamHandlers } from '../../node/channels/run-stream-server.ts'
import { DIRECT_ATTEMPT, Uplinks } from '../../node/channels/uplinks.ts'
import { type Envelope, seal } from '../../protocols/envelope.ts'
import { BakError } from '../../protocols/errors.ts'
import type { Manifest } from '../../protocols/manifest.ts'
import { ackSubject, type Command } from '../../protocols/phase.ts'
import { type FromController, type FromMember, runStreamProtocol } from '../../protocols/run-stream.ts'
import { type Handler, type Opener, serve } from '../../protocols/stream.ts'
import { linkTo, newSigner, stayAwake } from '../helpers/streams.ts'
import { until } from '../helpers/workspace.ts'
import { command, controller, ack as goodAck, manifest, run, specOf } from '../protocols/samples.ts'

const test = suite('where the acknowledgements of one member go')
test.after(stayAwake())
const all = new Set<Uplinks>()
test.after.each(async () => {
  for (const each of all) await each.stop()
  all.clear()
})

const signers = Array.from({ length: 4 }, newSigner)
const [entry] = manifest.roster as [Manifest['roster'][number]]
const names = ['m0', 'm1', 'm2', 'm3']
const idOf = (name: string) => signers[names.indexOf(name)]?.peer as string

/** With a fan-out of 2 m0 aggregates m1, and m2 aggregates m3. */
const manifestOf = (fanout = 2): Manifest => ({
  ...manifest,
  spec: specOf({ policy: { fanout } }),
  roster: [
    ...names.map((name, rank) => ({ ...entry, name, peer: idOf(name), rank })),
    { ...entry, name: 'node-c', peer: controller.peer, rank: names.length }
  ]
})

/** The other end of run streams, with the acknowledgements that arrive there. */
function endOf(peer: string) {
  const got: string[] = []
  let opened = 0
  const handler: Handler<FromMember, FromController> = async function* (_first, { receive }) {
    opened++
    yield { type: 'lease' }
    for (let next = await receive(); next !== undefined; next = await receive()) {
      if (next.type === 'acks') got.push(...next.sealed.map(hex))
    }
  }
  const { open, streams } = linkTo(serve(runStreamProtocol, handler), peer)
  const end = {
    got,
    /** It cannot be reached any more. */
    away: false,
    open: (async (protocol, options) => {
      if (end.away) throw new BakError('unreachable', 'no way there')
      return await open(protocol, options)
    }) as Opener,
    opened: () => opened,
    cut: () => streams.at(-1)?.cut()
  }
  return end
}

const hex = ({ signature }: Envelope) => Buffer.from(signature).toString('hex')

/** The uplinks of one member whose streams are open. */
async function uplinksOf(self: string, given = manifestOf()) {
  const peer = idOf(self)
  const [toController, toParent] = [endOf(peer), endOf(peer)]
  const asked: string[] = []
  const accepted: RunStreamHandlers[] = []
  const client = new RunStreamClient({ run, open: toController.open })
  client.start()
  const uplinks = new Uplinks({
    ...{ run, self: peer, controller: client, clockOffset: () => 0 },
    to: other => {
      asked.push(other)
      return toParent.open
    },
    server: { open: (_, handlers) => void accepted.push(handlers), close: () => {} }
  })
  all.add(uplinks)
  await until(() => (client.isUp ? true : undefined))
  uplinks.join(given)
  if (asked.length > 0) await until(() => (toParent.opened() > 0 ? true : undefined))
  const open = (seq: number, change: Partial<Command> = {}) =>
    uplinks.open({ ...command, to: undefined, attempt: 0, seq, ...change })
  return { uplinks, client, toController, toParent, asked, accepted, open }
}

const ackOf = (name: string, seq: number) =>
  seal(ackSubject, { ...goodAck, seq }, signers[names.indexOf(name)] as (typeof signers)[number])
const arrived = (end: { got: string[] }, ...acks: Envelope[]) =>
  until(() => (acks.every(ack => end.got.includes(hex(ack))) ? true : undefined))

test('a member below an aggregator sends to it, and keeps its stream to the controller', async () => {
  const { uplinks, client, toController, toParent, asked, accepted, open } = await uplinksOf('m1')
  assert.equal([asked, accepted.length], [[idOf('m0')], 0])
  open(2)
  const ack = ackOf('m1', 2)
  assert.ok(uplinks.answer(ack, 2))
  await arrived(toParent, ack)
  assert.equal([toController.got, client.isUp], [[], true])
})

test('from the fourth attempt on an acknowledgement goes directly to the controller', async () => {
  assert.is(DIRECT_ATTEMPT, 3)
  const { uplinks, toController, toParent, open } = await uplinksOf('m1')
  const ack = ackOf('m1', 2)
  for (const attempt of [0, 1, 2]) {
    open(2, { attempt })
    uplinks.answer(ack, 2)
  }
  await until(() => (toParent.got.length === 3 ? true : undefined))
  assert.equal(toController.got, [])
  open(2, { attempt: 3 })
  uplinks.answer(ack, 2)
  await arrived(toController, ack)
  assert.is(toParent.got.length, 3)
  open(3)
  const next = ackOf('m1', 3)
  uplinks.answer(next, 3)
  await arrived(toParent, next)
  assert.is(toController.got.length, 1, 'the next phase goes up the tree again')
})

test('what a broken stream to the aggregator may have lost is sent again to the controller, once', async () => {
  const { uplinks, toController, toParent, open } = await uplinksOf('m1')
  open(2)
  const ack = ackOf('m1', 2)
  uplinks.answer(ack, 2)
  await arrived(toParent, ack)
  toParent.away = true
  toParent.cut()
  await arrived(toController, ack)
  await new Promise(resolve => setTimeout(resolve, 500))
  assert.is(toController.got.length, 1)
})

test('while there is no stream to the aggregator acknowledgements go to the controller', async () => {
  const { uplinks, toController, toParent, open } = await uplinksOf('m1')
  toParent.away = true
  toParent.cut()
  open(2)
  const ack = ackOf('m1', 2)
  await new Promise(setImmediate)
  uplinks.answer(ack, 2)
  await arrived(toController, ack)
  assert.equal(toParent.got, [])
})

test('an aggregator sends its own acknowledgement with those below it, and alone from the fourth attempt on', async () => {
  const { uplinks, toController, asked, accepted, open } = await uplinksOf('m0')
  assert.equal([asked, accepted.length], [[], 1])
  const [handlers] = accepted as [RunStreamHandlers]
  assert.ok(handlers.admits(idOf('m1')) && !handlers.admits(idOf('m3')))
  open(2)
  const [own, below] = [ackOf('m0', 2), ackOf('m1', 2)]
  uplinks.answer(own, 2)
  handlers.onAcks(idOf('m1'), [below])
  await arrived(toController, own, below)
  open(3)
  open(3, { attempt: 3 })
  const next = ackOf('m0', 3)
  uplinks.answer(next, 3)
  await until(() => (toController.got.at(-1) === hex(next) ? true : undefined))
  assert.is(toController.got.length, 3, 'it waited for nobody')
})

test('where the controller may receive from all nobody aggregates', async () => {
  const { uplinks, toController, asked, accepted, open } = await uplinksOf('m1', manifestOf(64))
  assert.equal([asked, accepted], [[], []])
  open(2)
  const ack = ackOf('m1', 2)
  uplinks.answer(ack, 2)
  await arrived(toController, ack)
})

test('once the stream to the controller is closed nothing is sent any more, and the caller is told so', async () => {
  const { uplinks, toController, open } = await uplinksOf('m1', manifestOf(64))
  await uplinks.stop()
  open(2)
  assert.not(uplinks.answer(ackOf('m1', 2), 2))
  assert.equal(toController.got, [])
})

test('a member that aggregates answers by its aggregator no more once that has stopped', async () => {
  const { uplinks, open } = await uplinksOf('m0')
  await uplinks.stop()
  open(2)
  assert.not(uplinks.answer(ackOf('m0', 2), 2))
})
test.run()
