/** What instances of one sample say to each other: groups, what is missing, what is refused. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Instance, instancesOf, nameOf } from '../../../node/run/collectives/instances.ts'
import { BOUNDS, type Done, type OpenCall, SampleState } from '../../../node/run/collectives/sample-state.ts'
import type { CallBody } from '../../../protocols/calls.ts'
import { instancesOn, server } from './instances.ts'

const state = suite('what instances say to each other')

/** A sample with instances, of which some may be taken away. */
function sampleOf(all: Instance[]) {
  const here = [...all]
  const sample = new SampleState(
    () => here,
    ({ peer }) => (peer === 'p1' ? ' (cannot be reached)' : '')
  )
  let id = 0
  const call = (by: Instance, body: CallBody) => {
    const open: OpenCall = { peer: by.peer, id: id++, by, body }
    return { open, done: sample.take(open) }
  }
  const barrier = (by: Instance | undefined, more: Partial<CallBody & { call: 'barrier' }> = {}) =>
    call(by as Instance, { call: 'barrier', name: 'x', timeout: 5_000, ...more })
  return { sample, here, call, barrier }
}
const outcome = (done: Done[]) =>
  done.map(({ call, answer }) => `${nameOf(call.by)} ${answer.status} ${answer.reason ?? ''}`.trim())

state('a group is a workload, else a group of the run, else all', () => {
  const all = [...instancesOn(3, 2), server(0)]
  const first = all[0] as Instance
  const named = (group?: string) => instancesOf(all, first, group).map(nameOf)
  assert.equal(named(), ['m0/load.1', 'm0/load.2', 'm1/load.1', 'm1/load.2', 'm2/load.1', 'm2/load.2'])
  assert.equal(named('server'), ['m0/server'])
  assert.equal(named('even'), ['m0/load.1', 'm0/load.2', 'm2/load.1', 'm2/load.2'])
  assert.is(named('all').length, 7)
  assert.throws(() => named('odd'), /there is no workload and no group odd here: load, even, server, all/)
})

state('barriers of one name in two groups are two', () => {
  const all = [...instancesOn(2), server(0)]
  const { barrier } = sampleOf(all)
  assert.equal(barrier(all[0]).done, [])
  assert.equal(outcome(barrier(all[2]).done), ['m0/server 0'])
  assert.equal(outcome(barrier(all[1]).done), ['m0/load 0', 'm1/load 0'])
})

state('who is missing at the end of the time is named, with what is known of it', () => {
  const all = instancesOn(3)
  const { sample, barrier } = sampleOf(all)
  const { open } = barrier(all[0])
  const { answer } = sample.expire(open)
  assert.equal(answer, {
    status: 1,
    reason: 'barrier x: after 5 s not here: m1/load (cannot be reached), m2/load',
    missing: ['m1/load (cannot be reached)', 'm2/load']
  })
  // it does not wait any more
  assert.equal(barrier(all[1]).done, [])
  assert.equal(barrier(all[2]).done, [])
  assert.equal(outcome(barrier(all[0]).done), ['m1/load 0', 'm2/load 0', 'm0/load 0'])
})

state('who came and left at the end of its time is told from who never came', () => {
  const all = instancesOn(3)
  const { sample, barrier } = sampleOf(all)
  const [first, second] = [barrier(all[0]).open, barrier(all[2]).open]
  sample.expire(first)
  const reason = 'barrier x: after 5 s not here: m1/load (cannot be reached), m0/load (gave up)'
  assert.is(sample.expire(second).answer.reason, reason)
  for (const each of [0, 1]) assert.equal(barrier(all[each]).done, [])
  assert.is(barrier(all[2]).done.length, 3)
})

state('an instance that has ended is named at once, and calls nothing any more', () => {
  const all = instancesOn(2)
  const { call, barrier } = sampleOf(all)
  barrier(all[0])
  const why = 'barrier x: 1 of 2 have come; not here: m1/load (has ended)'
  assert.equal(outcome(call(all[1] as Instance, { call: 'end' }).done), ['m1/load 0', `m0/load 1 ${why}`])
  assert.equal(outcome(barrier(all[1]).done), ['m1/load 64 m1/load has ended'])
})

state('a member that is excluded is not waited for any more', () => {
  const all = instancesOn(3)
  const { sample, here, barrier } = sampleOf(all)
  barrier(all[0])
  barrier(all[1])
  here.splice(2, 1)
  assert.equal(outcome(sample.check()), ['m0/load 0', 'm1/load 0'])
})

state('what makes no sense is refused in words, and troubles nobody who waits', () => {
  const all = instancesOn(2)
  const { barrier } = sampleOf(all)
  assert.match(
    outcome(barrier(all[0], { group: 'none' }).done)[0] as string,
    /64 there is no workload and no group none/
  )
  assert.match(outcome(barrier(all[0], { count: 3 }).done)[0] as string, /64 barrier x: --count 3, and the group has 2/)
  assert.equal(barrier(all[0]).done, [])
  assert.match(
    outcome(barrier(all[1], { count: 2 }).done)[0] as string,
    /64 barrier x: others wait at it without --count/
  )
  assert.equal(outcome(barrier(all[1]).done), ['m0/load 0', 'm1/load 0'])
  // between two rounds it may be another
  assert.equal(barrier(all[0], { count: 2 }).done, [])
})

state('names of barriers may be as many as a script likes; topics are bounded, and so is what they keep', () => {
  const [by] = instancesOn(1) as [Instance]
  const { call, barrier } = sampleOf([by])
  for (let i = 0; i < 3 * BOUNDS.barriers; i++) assert.is(barrier(by, { name: `b${i}` }).done[0]?.answer.status, 0)
  for (let i = 0; i < BOUNDS.topics; i++) {
    const value = new Uint8Array(65_536)
    for (let n = 0; n < 4; n++) assert.is(call(by, { call: 'publish', name: `t${i}`, value }).done[0]?.answer.status, 0)
  }
  const one = call(by, { call: 'publish', name: 'more', value: new Uint8Array() })
  assert.match(outcome(one.done)[0] as string, /75 there are 256 topics already/)
  const kept = Array.from({ length: BOUNDS.topics }, (_, i) => {
    const read = call(by, { call: 'messages', name: `t${i}`, from: 1, timeout: 0 }).done[0]?.answer.messages ?? []
    return read.length
  })
  assert.ok(kept.filter(count => count > 0).length * 65_536 <= BOUNDS.topicBytes)
})

state('a message is heard by those who wait and by those who come later, with who said it', () => {
  const all = instancesOn(2)
  const { call } = sampleOf(all)
  const [a, b] = all as [Instance, Instance]
  assert.equal(call(b, { call: 'messages', name: 't', from: 1, timeout: 0 }).done, [])
  const value = new Uint8Array([1])
  const [own, heard] = call(a, { call: 'publish', name: 't', value }).done
  assert.equal(own?.answer, { status: 0, number: 1 })
  const answer = { status: 0, number: 1, messages: [{ from: 'm0/load', value }] }
  assert.equal(heard?.answer, answer)
  assert.equal(call(a, { call: 'messages', name: 't', from: 1, timeout: 0 }).done[0]?.answer, answer)
})

state.run()
