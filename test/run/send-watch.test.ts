import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SendWatch } from '../../node/run/send-watch.ts'
import type { Phase } from '../../protocols/fields.ts'
import type { Exclusion } from '../../protocols/manifest.ts'
import { command } from '../protocols/samples.ts'

const MIB = 2 ** 20
const test = suite('the watch on senders')

function watchOf({ phase = 'send' as Phase, deadline = 300_000 } = {}) {
  const seen: string[] = []
  const excluded = new Map<string, Exclusion>()
  const state = { now: 0, seq: 7 }
  const watch = new SendWatch({
    excluded,
    now: () => state.now,
    open: () => ({
      command: { ...command, phase, deadline, seq: state.seq },
      waitsFor: peer => peer !== 'stranger',
      prolong: peer => seen.push(`${peer} prolongs`),
      blame: (peer, why) => seen.push(`${peer} ${why}`)
    })
  })
  /** A portion after so many ms, and so many MiB of 1,000 done. */
  const at = (ms: number, mib: number, peer = 'b', digest = 'one') => {
    state.now = ms
    seen.length = 0
    watch.onProgress(peer, digest, { done: mib * MIB, total: 1000 * MIB })
    return seen.join()
  }
  return { watch, at, seen, excluded, state }
}

test('a portion of 1 MiB in 29 s, which no silent stream is, prolongs nothing but at first', () => {
  const { at } = watchOf()
  assert.is(at(0, 1), 'b prolongs')
  assert.is(at(29_000, 2), '')
  assert.match(at(58_000, 3), /^b it sent 35 KiB\/s, less than 64 KiB\/s, which does not prolong its time$/)
  assert.is(at(87_000, 4), '')
  assert.match(at(116_000, 5), /35 KiB/)
})

test('bursts that are too little on the whole prolong nothing', () => {
  const { at } = watchOf()
  at(0, 1)
  for (let i = 1; i < 10; i++) {
    assert.not.match(at(i * 40_000, 2 * i), 'prolongs')
    assert.not.match(at(i * 40_000 + 100, 2 * i + 1), 'prolongs')
  }
})

test('100 KiB/s prolong whenever 30 s of 64 KiB/s are together, and a fast sender at once', () => {
  const { at } = watchOf()
  at(0, 1)
  assert.is(at(10_000, 2), '')
  assert.is(at(20_000, 3), 'b prolongs')
  assert.is(at(30_000, 4), '')
  assert.is(at(40_000, 5), 'b prolongs')
  assert.is(at(40_100, 50), 'b prolongs')
})

test('a short deadline has a shorter window', () => {
  const { at } = watchOf({ deadline: 6_000 })
  at(0, 1)
  assert.is(at(3_400, 2), 'b prolongs')
})

test('two tarballs that come in turn count no more than a portion each time', () => {
  const { at } = watchOf()
  at(0, 500, 'b', 'one')
  assert.is(at(20_000, 100, 'b', 'two'), '')
  assert.match(at(40_000, 500, 'b', 'one'), '51 KiB')
})

test('only who is asked prolongs, in phases in which members send', () => {
  assert.is(watchOf().at(0, 1, 'stranger'), '')
  assert.is(watchOf({ phase: 'stop' }).at(0, 1), '')
  assert.is(watchOf({ phase: 'sysinfo' }).at(0, 1), 'b prolongs')
})

test('who waits until others have sent has lost nothing', () => {
  const { watch, at, seen } = watchOf()
  at(0, 1)
  watch.onWait('b')
  assert.equal(seen, ['b prolongs', 'b prolongs'])
  assert.is(at(100_000, 2), 'b prolongs', 'its rate begins anew')
  seen.length = 0
  watch.onWait('stranger')
  assert.equal(seen, [])
})

test('who is slow makes room while others wait for their turn, asked or not, and for no stranger', () => {
  const { watch, at, state } = watchOf()
  const slowly = (from: number) => {
    at(from, 1, 'd')
    at(from + 20_000, 2, 'd')
    return () => at(from + 40_000, 3, 'd')
  }
  slowly(0)()
  const again = slowly(100_000)
  state.now = 139_000
  watch.onWait('stranger')
  again()
  const last = slowly(200_000)
  state.now = 239_000
  watch.onWait('c')
  assert.throws(last, (error: { code: string }) => error.code === 'not-ready')
  assert.throws(() => watch.check('d'), /it sent 51 KiB\/s, less than 64 KiB\/s, and others wait for their turn/)
  watch.check('c')
  state.now = 250_000
  watch.check('d')
})

test('a new phase begins anew', () => {
  const { at, state } = watchOf()
  at(0, 1)
  assert.match(at(100_000, 2), 'less than')
  state.seq++
  assert.is(at(200_000, 3), 'b prolongs')
})

test('a transfer of who was given up for it ends, but not with its last byte; others go on', () => {
  const { at, excluded, watch } = watchOf()
  excluded.set('b', { peer: 'b', name: 'b', phase: 'send', code: 'timeout', reason: 'too slow' })
  assert.throws(() => at(0, 1), /excluded at send: too slow/)
  assert.throws(() => watch.check('b'), /excluded at send/)
  watch.onProgress('b', 'one', { done: MIB, total: MIB })
  for (const out of [
    { phase: 'send', code: 'no-space' },
    { phase: 'stop', code: 'timeout' }
  ] as const) {
    excluded.set('b', { peer: 'b', name: 'b', reason: '', ...out })
    watch.check('b')
  }
})

test('a member that fetches what is staged prolongs its time by what comes, and is named when that is too slow', () => {
  const { watch, seen, state } = watchOf({ phase: 'stage', deadline: 60_000 })
  const at = (ms: number, mib: number, peer = 'b') => {
    state.now = ms
    seen.length = 0
    watch.onStaging(peer, { done: mib * MIB, total: 1000 * MIB })
    return seen.join()
  }
  assert.is(at(0, 0), 'b prolongs')
  assert.is(at(1_000, 5), 'b prolongs')
  assert.match(at(40_000, 6), /^b it fetched \d+ KiB\/s, less than 64 KiB\/s, which does not prolong its time$/)
  assert.is(at(41_000, 20), 'b prolongs')
  assert.is(at(42_000, 2_000), '')
  assert.is(at(42_000, 10, 'stranger'), '')
})

test('what is told of staging in another phase prolongs nothing', () => {
  const { watch, seen } = watchOf({ phase: 'send' })
  watch.onStaging('b', { done: 1, total: 2 })
  assert.equal(seen, [])
})

test.run()
