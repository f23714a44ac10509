import { TopicValidatorResult } from '@chainsafe/libp2p-gossipsub'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createLog } from '../../node/log.ts'
import { Gossip, type Topic } from '../../node/mesh/gossip.ts'
import { Ignored } from '../../node/mesh/ignored.ts'
import { BakError } from '../../protocols/errors.ts'

const test = suite('gossip')

const topic = '/bak/mesh/words/1'
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text))

/** Gossip over a gossipsub that only does what it is told, and a topic of words that may not be `bad`. */
function gossipOf(change: Partial<Topic<string>> = {}, peerScore?: object) {
  const log: string[] = []
  const calls: string[] = []
  const handled: string[] = []
  const pubsub = Object.assign(new EventTarget(), {
    topicValidators: new Map<string, (peer: unknown, message: unknown) => TopicValidatorResult>(),
    subscribe: (name: string) => calls.push(`subscribe ${name}`),
    publish: async (name: string, bytes: Uint8Array): Promise<void> => {
      calls.push(`publish ${name} ${Buffer.from(bytes)}`)
    }
  })
  const gossip = new Gossip({ pubsub } as never, {
    log: createLog('debug', line => log.push(line)),
    peerScore: peerScore as never
  })
  gossip.start()
  let checked = 0
  gossip.subscribe<string>({
    name: topic,
    check: bytes => {
      checked++
      const text = Buffer.from(bytes).toString()
      if (text === 'bad') throw new BakError('bad-signature', 'it is bad')
      if (text === 'bug') throw new TypeError('it is a bug')
      return text
    },
    handle: (value, bytes) => handled.push(`${value} ${bytes.length}`),
    ...change
  })
  /** As gossipsub does: asks the validator, and tells of what it let through. */
  const arrive = (data: Uint8Array, name = topic) => {
    const verdict = pubsub.topicValidators.get(name)?.({ toString: () => 'peer-b' }, { topic: name, data })
    if (verdict === TopicValidatorResult.Accept) deliver(data, name)
    return verdict
  }
  const deliver = (data: Uint8Array, name = topic) => {
    pubsub.dispatchEvent(new CustomEvent('message', { detail: { topic: name, data } }))
  }
  return { gossip, pubsub, log, calls, handled, arrive, deliver, checked: () => checked }
}

test('accepts a valid message, checks it once and handles it once, with its value and its bytes', () => {
  const { arrive, handled, checked, log } = gossipOf()
  assert.is(arrive(bytesOf('hello')), TopicValidatorResult.Accept)
  assert.equal(handled, ['hello 5'])
  assert.is(checked(), 1)
  assert.equal(log, [])
})

test('rejects an invalid message, so that it counts against the sender, and logs the sender and the reason', () => {
  const { arrive, handled, log } = gossipOf()
  assert.is(arrive(bytesOf('bad')), TopicValidatorResult.Reject)
  assert.is(arrive(bytesOf('bug')), TopicValidatorResult.Reject)
  assert.equal(handled, [])
  assert.is(log.length, 2)
  assert.match(
    log[0] ?? '',
    ` WARN topic=${topic} from=peer-b code=bad-signature why="it is bad" msg="message refused"`
  )
  assert.match(log[1] ?? '', 'code=bug')
})

test('handles any value, and messages in their order', () => {
  const values: unknown[] = []
  const { arrive } = gossipOf({
    check: bytes => (bytes.length === 0 ? (null as never) : ''),
    handle: value => values.push(value)
  })
  arrive(bytesOf(''))
  arrive(bytesOf('x'))
  assert.equal(values, [null, ''])
})

test('checks a message that was not validated before it is handled', () => {
  const { deliver, handled, checked, log } = gossipOf()
  deliver(bytesOf('hello'))
  deliver(bytesOf('bad'))
  assert.equal(handled, ['hello 5'])
  assert.is(checked(), 2)
  assert.match(log.join(''), 'it is bad')
})

test('logs a handler that fails, and goes on', () => {
  const handled: string[] = []
  const { arrive, log } = gossipOf({
    handle: value => {
      if (value === 'one') throw new Error('no')
      handled.push(value)
    }
  })
  assert.is(arrive(bytesOf('one')), TopicValidatorResult.Accept)
  arrive(bytesOf('two'))
  assert.equal(handled, ['two'])
  assert.match(log.join(''), /ERROR .*why=no msg="message not handled"/)
})

test('ignores messages of other topics, and all after the stop', () => {
  const { gossip, deliver, arrive, handled } = gossipOf()
  deliver(bytesOf('hello'), '/bak/mesh/other/1')
  assert.equal(handled, [])
  gossip.stop()
  arrive(bytesOf('hello'))
  assert.equal(handled, [])
})

test('checks each topic with its own check', () => {
  const { gossip, arrive, handled } = gossipOf()
  const other: string[] = []
  gossip.subscribe<string>({ name: '/bak/mesh/other/1', check: () => 'other', handle: value => other.push(value) })
  arrive(bytesOf('bad'), '/bak/mesh/other/1')
  arrive(bytesOf('good'))
  assert.equal(other, ['other'])
  assert.equal(handled, ['good 4'])
})

test('sets the validator before it subscribes to the topic', () => {
  const { pubsub, gossip, calls } = gossipOf()
  pubsub.subscribe = name => calls.push(`subscribe ${name} ${pubsub.topicValidators.has(name)}`)
  gossip.subscribe<string>({ name: 'x', check: () => '', handle: () => {} })
  assert.is(calls.at(-1), 'subscribe x true')
})

test('logs a message that cannot be published', async () => {
  const { gossip, pubsub, calls, log } = gossipOf()
  gossip.publish(topic, bytesOf('hello'))
  assert.is(calls.at(-1), `publish ${topic} hello`)
  pubsub.publish = () => Promise.reject(new Error('no peers'))
  gossip.publish(topic, bytesOf('hello'))
  await new Promise(setImmediate)
  assert.match(log.join(''), /DEBUG topic=\S+ why="no peers" msg="not published"/)
})

test('does not publish a message over the size limit, and logs it', () => {
  const { gossip, calls, log } = gossipOf()
  gossip.publish(topic, new Uint8Array(2 ** 20 + 1))
  assert.is(calls.length, 1)
  assert.match(log.join(''), /ERROR .*bytes=1048577 msg="message too large to publish"/)
})

test('counts a violation of a neighbour that passes on an invalid message, not of one whose message is ignored', () => {
  const noted: string[] = []
  const { arrive } = gossipOf(
    {
      check: bytes => {
        const text = Buffer.from(bytes).toString()
        if (text === 'unknown') throw new Ignored('not-ready', 'nobody knows who signed it')
        if (text === 'bad') throw new BakError('bad-message', 'it is bad')
        return text
      }
    },
    { note: (peer: string, offence: string) => noted.push(`${peer} ${offence}`) }
  )
  assert.is(arrive(bytesOf('unknown')), TopicValidatorResult.Ignore)
  assert.equal(noted, [])
  assert.is(arrive(bytesOf('bad')), TopicValidatorResult.Reject)
  assert.equal(noted, ['peer-b bad-gossip'])
  assert.is(arrive(new Uint8Array(2 ** 20 + 1)), TopicValidatorResult.Reject)
  assert.is(noted.length, 2)
})

test('limits a signer that floods, and ignores the rest before the signature is verified', () => {
  const noted: string[] = []
  let verified = 0
  const { arrive, handled } = gossipOf(
    {
      check: (bytes, claim) => {
        claim('signer')
        verified++
        return Buffer.from(bytes).toString()
      }
    },
    { note: (peer: string) => noted.push(peer) }
  )
  const verdicts = Array.from({ length: 5_000 }, (_, i) => arrive(bytesOf(`message ${i}`)))
  assert.is(verdicts.filter(verdict => verdict === TopicValidatorResult.Reject).length, 0)
  assert.ok(handled.length >= 1_000 && handled.length < 2_000, String(handled.length))
  assert.is(verified, handled.length)
  assert.equal(noted, [], 'who passes it on is not to blame')
})

test.run()
