/** What a member may ask for, what counts once, and what belongs to another sample. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Collectives } from '../../../node/run/collectives/collectives.ts'
import type { CallAnswer, CallBody } from '../../../protocols/calls.ts'
import { step } from '../../protocols/samples.ts'
import { instancesOn } from './instances.ts'

const test = suite('calls at the controller')
const SESSION = '0123456789abcdef'
const put = (size = 0): CallBody => ({ call: 'put', key: 'k', value: new Uint8Array(size) })

function controllerOf(members = 2) {
  const periods: string[] = []
  const answers = new Map<string, CallAnswer[]>()
  const collectives = new Collectives({
    instances: () => instancesOn(members),
    deliver: async (peer, message) => {
      assert.ok(message.answers.length <= 64)
      for (const { id, answer } of message.answers) {
        const key = `${peer}/${id}`
        answers.set(key, [...(answers.get(key) ?? []), answer])
      }
      return true
    },
    onPeriod: ({ member }, _, { name, edge }) => periods.push(`${member} ${edge} ${name}`),
    // however slow the machine is, all comes at once
    clock: () => 0
  })
  collectives.begin(step)
  let next = 0
  const call = (body: CallBody, more: { peer?: string; id?: number; session?: string; sample?: number } = {}) => {
    const { peer = 'p0', id = next++, session = SESSION, sample = 1 } = more
    const from = { step: { ...step, sample }, workload: 'load', instance: 1 }
    collectives.receive(peer, { type: 'call', session, id, from, body })
    return `${peer}/${id}`
  }
  const settled = async () => {
    for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate)
  }
  const statusOf = (key: string) => answers.get(key)?.map(({ status }) => status)
  return { collectives, call, answers, periods, settled, statusOf }
}

test('a member that calls too often is told so, and others are not troubled', async () => {
  const { call, answers, settled, statusOf } = controllerOf()
  const keys = Array.from({ length: 5_000 }, () => call(put()))
  const other = call(put(), { peer: 'p1' })
  await settled()
  const refused = keys.filter(key => statusOf(key)?.[0] === 75)
  assert.is(refused.length, 1_000)
  assert.is(answers.get(refused[0] as string)?.[0]?.reason, 'more than 2000 calls a second')
  assert.equal(statusOf(other), [0])
})

test('values are bounded in bytes a second; that an instance has ended is taken all the same', async () => {
  const { call, answers, settled, statusOf } = controllerOf()
  const keys = Array.from({ length: 600 }, () => call(put(65_536)))
  const end = call({ call: 'end' })
  await settled()
  const last = keys.at(-1) as string
  assert.is(answers.get(last)?.[0]?.reason, 'more than 8 MiB of values a second')
  assert.equal([statusOf(keys[0] as string), statusOf(end)], [[0], [0]])
})

test('begins and ends of periods are bounded in a sample', async () => {
  const { call, periods, settled, statusOf } = controllerOf()
  const period: CallBody = { call: 'period', name: 'x', edge: 'begin', when: 1, bound: 0 }
  const keys = Array.from({ length: 2_001 }, () => call(period))
  await settled()
  assert.is(periods.length, 2_000)
  assert.equal(
    [keys[0], keys.at(-1)].map(key => statusOf(key as string)),
    [[0], [75]]
  )
})

test('what is sent again is answered again, and counts once', async () => {
  const { call, answers, periods, settled } = controllerOf()
  const publish: CallBody = { call: 'publish', name: 't', value: new Uint8Array() }
  const period: CallBody = { call: 'period', name: 'x', edge: 'end', when: 1, bound: 0 }
  for (let i = 0; i < 3; i++) {
    call(publish, { id: 1 })
    call(period, { id: 2 })
  }
  call(publish, { id: 3 })
  await settled()
  assert.equal(
    answers.get('p0/1'),
    [1, 2, 3].map(() => ({ status: 0, number: 1 }))
  )
  assert.equal(answers.get('p0/3'), [{ status: 0, number: 2 }])
  assert.equal(periods, ['m0 end x'])
})

test('a later session of a member has none of the calls of the one before', async () => {
  const { call, settled, statusOf } = controllerOf()
  const barrier: CallBody = { call: 'barrier', name: 'x', timeout: 0 }
  call(barrier, { id: 7 })
  call(put(), { id: 8, session: 'f'.repeat(16) })
  const other = call(barrier, { peer: 'p1' })
  await settled()
  assert.is(statusOf(other), undefined, 'nobody of the first member waits')
  const again = call(barrier, { id: 7, session: 'f'.repeat(16) })
  await settled()
  assert.equal([statusOf(other), statusOf(again)], [[0], [0]])
})

test('calls of another sample, and of whoever is not in the run, are refused; a new sample begins with nothing', async () => {
  const { collectives, call, answers, settled, statusOf } = controllerOf()
  const late = call(put(), { sample: 2 })
  const stranger = call(put(), { peer: 'p9' })
  const waiting = call({ call: 'get', key: 'none', timeout: 0 })
  call(put())
  collectives.begin({ ...step, sample: 2 })
  const next = call({ call: 'get', key: 'k', timeout: 1 }, { sample: 2 })
  await settled()
  await new Promise(resolve => setTimeout(resolve, 30))
  await settled()
  assert.equal([late, stranger, waiting, next].map(statusOf), [[69], [69], [69], [1]])
  assert.is(answers.get(waiting)?.[0]?.reason, 'the sample is over')
  collectives.close('the run is over')
})

test.run()
