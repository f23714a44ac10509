import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { end } from '../../node/agent/phases/end.ts'
import { now } from '../../node/mesh/clock.ts'
import { BakError } from '../../protocols/errors.ts'
import { clockProtocol } from '../../protocols/phase.ts'
import { serve } from '../../protocols/stream.ts'
import { newSigner, road, stayAwake } from '../helpers/streams.ts'

const phase = suite('the phase end on a member')
phase.after(stayAwake())
const [self, controller] = [newSigner().peer, newSigner().peer]

const contextOf = (open: unknown, member: object = {}) =>
  ({
    member: { started: [], self, controller, clock: { offset: 1, bound: 1, at: 5 }, ...member },
    parts: {
      streams: { to: () => open },
      paths: { of: (peer: string) => (peer === self ? undefined : { class: 'punched' }) }
    },
    signal: new AbortController().signal
  }) as unknown as Parameters<typeof end>[0]

phase('measures the clock again, and tells instants by it from then on', async () => {
  const { open } = road(
    serve(clockProtocol, async function* (first, { receive }) {
      for (let next: typeof first | undefined = first; next !== undefined; next = await receive()) {
        yield { asked: next.asked, heard: now() + 5_000, answered: now() + 5_000 }
      }
    }),
    self
  )
  const context = contextOf(open)
  const { clock, path, warnings } = await end(context)
  assert.equal(warnings, [])
  assert.equal(path, { class: 'punched', roundTrip: 2 * (clock?.bound ?? 0) })
  assert.ok(clock?.at != null && Math.abs(clock.offset - 5_000) <= clock.bound + 1)
  assert.equal(context.member.clock, clock)
})

phase('a controller whose clock cannot be asked is a warning, and the first measurement stays in force', async () => {
  const context = contextOf(async () => {
    throw new BakError('unreachable', 'no way there')
  })
  const { clock, warnings } = await end(context)
  assert.is(clock, undefined)
  assert.equal(warnings, ['the clock could not be measured again: no way there'])
  assert.equal(context.member.clock, { offset: 1, bound: 1, at: 5 })
})

phase('on the controller itself the clock is its own', async () => {
  const { clock, path } = await end(contextOf(undefined, { controller: self }))
  assert.is(path, undefined)
  assert.equal([clock?.offset, clock?.bound], [0, 0])
})
phase.run()
