import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { clocksOf } from '../../../node/run/hooks/clock-drift.ts'
import { newSigner } from '../../helpers/streams.ts'
import { ack, manifest } from '../../protocols/samples.ts'

const clocks = suite('clocks in the record')
const [entry] = manifest.roster
const [a, b, c] = [newSigner(), newSigner(), newSigner()].map(({ peer }) => peer) as [string, string, string]
const at = 1_795_383_000_000

const rosterOf = (peer: string, measured?: number) => ({
  ...(entry as NonNullable<typeof entry>),
  peer,
  name: `n-${peer.slice(-4)}`,
  capabilities: {
    ...(entry as NonNullable<typeof entry>).capabilities,
    clock: { offset: 10, bound: 0.5, at: measured }
  }
})
const answer = (by: string, clock?: { offset: number; bound: number; at: number }) =>
  ({ by, value: { ...ack, phase: 'end' as const, clock } }) as never

clocks('each member that was measured twice is told with its drift; nobody else is', () => {
  const found = clocksOf(
    [rosterOf(a, at), rosterOf(b, at), rosterOf(c)],
    [answer(a, { offset: 9, bound: 0.5, at: at + 10_000 }), answer(b), answer(c, { offset: 9, bound: 1, at })]
  )
  assert.equal(
    found.map(({ peer, begin, end }) => [peer, begin.offset, end.offset]),
    [[a, 10, 9]]
  )
  assert.ok(Math.abs((found[0]?.drift ?? 0) - 100) < 1e-6)
  assert.ok(Math.abs((found[0]?.bound ?? 0) - 100) < 0.1)
})
clocks.run()
