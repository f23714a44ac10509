import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Tombstones } from '../../node/agent/tombstones.ts'
import { createLog } from '../../node/log.ts'
import { open, seal } from '../../protocols/envelope.ts'
import { BakError } from '../../protocols/errors.ts'
import { type Ack, ackSubject, type Command } from '../../protocols/phase.ts'
import { runStreamProtocol } from '../../protocols/run-stream.ts'
import { serve } from '../../protocols/stream.ts'
import { linkTo, newSigner, stayAwake } from '../helpers/streams.ts'
import { until } from '../helpers/workspace.ts'
import { command as order, ack as sample } from '../protocols/samples.ts'

const late = suite('answers for runs that are over')
late.after(stayAwake())
const [self, controller] = [newSigner(), newSigner()]
const { run } = order
const last = seal(ackSubject, { ...sample, seq: 9, phase: 'terminate' }, self)
const member = { run, lead: { by: controller.peer, epoch: 1 }, seq: 9, ack: last }

/** What a controller gets, and the one who answers; the clock stands still until it is set. */
function create(refuse = false) {
  const got: Ack[] = []
  const clock = { now: 0 }
  const logged: string[] = []
  const { open: way } = linkTo(
    serve(runStreamProtocol, async function* (first, { receive }) {
      if (refuse) throw new BakError('no-such-run', 'it is over')
      assert.equal(first, { type: 'open', run })
      yield { type: 'lease' as const }
      for (let next = await receive(); next !== undefined; next = await receive()) {
        if (next.type === 'acks') got.push(...next.sealed.map(sealed => open(ackSubject, sealed).value))
      }
    }),
    self.peer
  )
  const log = createLog('error', line => void logged.push(line))
  const answers = new Tombstones(
    self,
    () => way,
    log,
    () => clock.now
  )
  answers.add(member)
  const hear = (change: Partial<Command> = {}, by = controller.peer) =>
    answers.handle({ ...order, step: undefined, at: undefined, to: undefined, ...change }, by)
  return { got, clock, logged, answers, hear }
}

late('a later command is refused at once: the run is over here', async () => {
  const { got, hear } = create()
  hear({ seq: 10, phase: 'stop' })
  await until(() => got[0])
  const { seq, phase, outcome, code, reason } = got[0] as Ack
  assert.equal([seq, phase, outcome, code], [10, 'stop', 'refused', 'state'])
  assert.match(reason ?? '', /over on this member/)
})

late('the last answer is given again if its command is still repeated after a while', async () => {
  const { got, clock, hear } = create()
  hear({ seq: 9, phase: 'terminate' })
  clock.now = 2_000
  hear({ seq: 9, phase: 'terminate' })
  clock.now = 4_000
  hear({ seq: 9, phase: 'terminate' })
  hear({ seq: 9, phase: 'terminate' })
  await until(() => got[0])
  assert.equal(
    got.map(({ seq, phase, outcome }) => [seq, phase, outcome]),
    [[9, 'terminate', 'ok']]
  )
})

late('no other peer gets an answer, and no command that is not for this member or from another time', async () => {
  const { got, clock, answers, hear } = create()
  clock.now = 10_000
  hear({ seq: 10 }, newSigner().peer)
  hear({ seq: 10, run: `${run.slice(0, -1)}x` })
  hear({ seq: 10, epoch: 2 })
  hear({ seq: 10, to: [controller.peer] })
  hear({ seq: 8 })
  hear({ seq: 11, to: [self.peer] })
  await until(() => got[0])
  assert.equal(
    got.map(({ seq }) => seq),
    [11]
  )
  assert.equal([answers.has(run), answers.has('other')], [true, false])
})

late('a controller that refuses it is no trouble', async () => {
  const { got, logged, hear } = create(true)
  hear({ seq: 10 })
  await new Promise(resolve => setTimeout(resolve, 100))
  assert.equal([got, logged], [[], []])
})

late('of more than 64 runs the oldest is forgotten', () => {
  const { answers } = create()
  for (let i = 0; i < 64; i++) answers.add({ run: `run-${i}`, lead: { by: 'x', epoch: 1 }, seq: 1, ack: undefined })
  assert.equal([answers.has(run), answers.has('run-0'), answers.has('run-63')], [false, true, true])
})
late.run()
