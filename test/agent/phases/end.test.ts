import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { end } from '../../../node/agent/phases/end.ts'
import { now } from '../../../node/now.ts'
import { BakError } from '../../../protocols/errors.ts'
import type { Clock } from '../../../protocols/manifest.ts'
import { newSigner, stayAwake } from '../../helpers/streams.ts'
import { scratch } from '../../store/scratch.ts'

const phase = suite('the phase end on a member')
phase.after(stayAwake())
const [self, controller] = [newSigner().peer, newSigner().peer]

const contextOf = (ask: () => Promise<Clock>, member: object = {}) =>
  ({
    member: {
      ...{ started: [], persistent: [], tools: [], roster: [], data: scratch() },
      self,
      controller,
      clock: { offset: 1, bound: 1, at: 5 },
      offer: { candidates: [] },
      ...member
    },
    ask,
    parts: {
      paths: { of: (peer: string) => (peer === self ? undefined : { class: 'punched' }) }
    },
    signal: new AbortController().signal
  }) as unknown as Parameters<typeof end>[0]

const nobody = async (): Promise<Clock> => {
  throw new Error('it asks itself')
}

phase('measures the clock again, and tells instants by it from then on', async () => {
  const context = contextOf(async () => ({ offset: 5_000, bound: 0.5, at: now() }))
  const { clock, path, warnings } = await end(context)
  assert.equal(warnings, [])
  assert.equal(path, { class: 'punched', roundTrip: 2 * (clock?.bound ?? 0) })
  assert.equal([clock?.offset, clock?.bound], [5_000, 0.5])
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
  const { clock, path } = await end(contextOf(nobody, { controller: self }))
  assert.is(path, undefined)
  assert.equal([clock?.offset, clock?.bound], [0, 0])
})
phase.run()
