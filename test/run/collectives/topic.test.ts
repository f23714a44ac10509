/** Messages of a topic: one order for all, and how much of it is kept. */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Keys } from '../../../node/run/collectives/keys.ts'
import { Topic } from '../../../node/run/collectives/topic.ts'

const topics = suite('a topic')
const bounds = { messages: 5, bytes: 1_000 }
const message = (text: string) => ({ from: 'a/x', value: new Uint8Array(Buffer.from(text)) })
const textOf = (read: { messages: Array<{ value: Uint8Array }> } | undefined) =>
  read?.messages.map(({ value }) => Buffer.from(value).toString())

topics('who comes late hears what was said, from the first on that is kept', () => {
  const topic = new Topic<string>(bounds)
  for (let n = 1; n <= 7; n++) assert.is(topic.publish(message(`${n}`)), n)
  const read = topic.read(1)
  assert.equal([read?.number, textOf(read)], [3, ['3', '4', '5', '6', '7']])
  assert.is(topic.read(8), undefined)
})

topics('what is kept is bounded in bytes, too; the last message is always there to those who wait', () => {
  const topic = new Topic<string>(bounds)
  topic.wait('early', 1)
  topic.publish(message('x'.repeat(600)))
  assert.is(topic.settle()[0]?.call, 'early')
  topic.publish(message('y'.repeat(600)))
  assert.is(topic.read(1)?.number, 2)
  assert.is(topic.bytes, 600)
})

topics('an answer has 64 messages at most, and 128 KiB unless one message is larger', () => {
  const topic = new Topic<string>({ messages: 1_000, bytes: 10_000_000 })
  for (let n = 0; n < 100; n++) topic.publish(message(`${n}`))
  assert.is(topic.read(1)?.messages.length, 64)
  assert.is(topic.read(65)?.messages.length, 36)
  for (let n = 0; n < 3; n++) topic.publish(message('z'.repeat(65_536)))
  assert.is(topic.read(101)?.messages.length, 2)
})

topics('subscribers that read at their own pace hear every message once and in one order', () => {
  const step = fc.oneof(fc.constant('publish'), fc.nat({ max: 2 }))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), steps => {
      const topic = new Topic<number>({ messages: 10_000, bytes: 1_000_000 })
      const heard: string[][] = [[], [], []]
      const waits = new Set<number>()
      let said = 0
      const take = () => {
        for (const { call, number, messages } of topic.settle()) {
          waits.delete(call)
          assert.is(number, (heard[call] as string[]).length + 1)
          heard[call]?.push(...(textOf({ messages }) as string[]))
        }
      }
      for (const each of steps) {
        if (each === 'publish') topic.publish(message(`${++said}`))
        else if (!waits.has(each)) {
          waits.add(each)
          topic.wait(each, (heard[each] as string[]).length + 1)
        }
        take()
      }
      for (const each of heard)
        assert.equal(
          each,
          Array.from({ length: each.length }, (_, i) => `${i + 1}`)
        )
      for (const each of waits) assert.is(heard[each]?.length, said)
    })
  )
})

topics('a key has the last value that was put, and who waited for it gets the first', () => {
  const keys = new Keys<string>({ keys: 2, bytes: 10 })
  const value = (text: string) => new Uint8Array(Buffer.from(text))
  keys.wait('one', 'k')
  keys.wait('two', 'other')
  assert.equal(keys.settle(), [])
  assert.is(keys.put('k', value('1')), undefined)
  assert.equal(keys.settle(), [{ call: 'one', value: value('1') }])
  assert.is(keys.put('k', value('123456789')), undefined)
  assert.equal(keys.get('k'), value('123456789'))
  assert.match(keys.put('other', value('12')) ?? '', /the values of all keys have at most 10 bytes/)
  assert.is(keys.put('other', value('')), undefined)
  assert.match(keys.put('third', value('')) ?? '', /there are 2 keys already/)
})

topics.run()
