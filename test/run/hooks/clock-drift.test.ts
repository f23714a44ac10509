import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { clocksOf, warningOf } from '../../../node/run/hooks/clock-drift.ts'
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
    [answer(a, { offset: 11, bound: 0.5, at: at + 10_000 }), answer(b), answer(c, { offset: 9, bound: 1, at })]
  )
  assert.equal(
    found.map(({ peer, begin, end }) => [peer, begin.offset, end.offset]),
    [[a, 10, 11]]
  )
  assert.ok(Math.abs((found[0]?.drift ?? 0) - 100) < 1e-6)
  assert.ok(Math.abs((found[0]?.bound ?? 0) - 100) < 0.1)
})
clocks('a clock that was set is told by how much, not as a drift; so are all where the controller was set', () => {
  const hour = 3_600_000
  const found = (offset: number, at: number, own = 0) =>
    clocksOf([rosterOf(a, 1_000)], [answer(a, { offset, bound: 0.5, at })], [{ by: own }])[0]
  assert.is(found(10 + hour, 11_000)?.set, hour)
  assert.is(found(10 - hour, 11_000)?.drift, undefined)
  // the controller was set forward: the member seems to be behind now
  const steady = found(10 - hour, 11_000 + hour, hour)
  assert.is(steady?.set, undefined)
  assert.is(steady?.drift, 0)
})

clocks('clocks that are off by more than a second are warned of by name, five of them', () => {
  assert.is(
    warningOf([
      ['a', 999],
      ['b', -1_000],
      ['c', undefined]
    ]),
    undefined
  )
  assert.match(
    warningOf([
      ['a', 3_600_000],
      ['b', -1_001],
      ['c', 0]
    ]) ?? '',
    /: a \+3600.0 s, b -1.0 s; files/
  )
  const many = Array.from({ length: 8 }, (_, i): [string, number] => [`m${i}`, 2_000])
  assert.match(warningOf(many) ?? '', /m4 \+2.0 s and 3 more;/)
})
clocks.run()
