import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Dispatch } from '../../node/run/dispatch.ts'
import type { Heard } from '../../node/run/run-feed.ts'
import { open } from '../../protocols/envelope.ts'
import { type Command, commandSubject } from '../../protocols/phase.ts'
import { type FakeRun, fakeRun } from '../helpers/run.ts'
import { controller, command as goodCommand, run } from '../protocols/samples.ts'

const test = suite('how commands are published')

const { step: _, at: __, ...plain } = goodCommand
const commandOf = (change: Partial<Command> = {}): Command => ({
  ...plain,
  run,
  phase: 'stop',
  to: undefined,
  ...change
})

async function dispatchOf(members = 4) {
  const made = await fakeRun({ members })
  const peers = made.signers.map(({ peer }) => peer)
  /** The command as it went out, and whether it was published. */
  const send = (change: Partial<Command>, waiting: string[]) => {
    new Dispatch(made.run).send(commandOf(change), waiting)
    return made.dispatched.at(-1) as FakeRun['dispatched'][number]
  }
  return { made, peers, send }
}

test('one hop is asked about on the topic of the mesh for `join`, and on that of the run for all else', async () => {
  const { made, peers, send } = await dispatchOf()
  const asked: Array<[peers: string[], run: string | undefined]> = []
  made.run.parts.feed.reaches = (of, topic) => {
    asked.push([of, topic])
    return true
  }
  send({ phase: 'join' }, [...peers, controller.peer])
  send({ phase: 'stage' }, [...peers, controller.peer])
  assert.equal(asked, [
    [peers, undefined],
    [peers, run]
  ])
})

test('a first attempt is of one hop only when that reaches everybody who is asked', async () => {
  const { made, peers, send } = await dispatchOf()
  const all = [...peers, controller.peer]
  assert.is(send({}, all).command.oneHop, true)
  made.beyond.add(peers[2] as string)
  assert.is(send({}, all).command.oneHop, undefined)
  assert.is(send({ to: peers.slice(0, 2) }, peers.slice(0, 2)).command.oneHop, true)
})

test('a repeat is never of one hop, and names those that have not answered', async () => {
  const { peers, send } = await dispatchOf()
  const waiting = peers.slice(1, 3)
  const { command, published } = send({ attempt: 1, to: peers }, waiting)
  assert.equal([command.oneHop, command.to, published], [undefined, waiting, true])
  assert.equal(send({ attempt: 0, to: peers }, waiting).command.to, peers)
})

test('a repeat for more than a command can name is for all', async () => {
  const { send } = await dispatchOf(0)
  const many = Array.from({ length: 257 }, (_, i) => `peer-${i}`)
  assert.is(send({ attempt: 1 }, many).command.to, undefined)
  assert.is(send({ attempt: 1 }, many.slice(1)).command.to?.length, 256)
})

test('a phase of the controller alone is handled here and not published', async () => {
  const { peers, send } = await dispatchOf()
  assert.is(send({ phase: 'work', to: [controller.peer] }, [controller.peer]).published, false)
  assert.is(send({ phase: 'stop' }, [controller.peer, peers[0] as string]).published, true)
})

test('each attempt is signed by the controller as it goes out', async () => {
  const { made, peers } = await dispatchOf()
  const heard: Heard[] = []
  made.run.parts.feed.publish = each => void heard.push(each)
  new Dispatch(made.run).send(commandOf({ attempt: 2 }), peers.slice(0, 1))
  const [{ type, signed }] = heard as [Heard]
  const opened = open(commandSubject, signed.envelope)
  assert.equal(
    [type, opened.by, opened.value.attempt, opened.value.to],
    ['command', controller.peer, 2, peers.slice(0, 1)]
  )
})
test.run()
