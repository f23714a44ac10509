import { TopicValidatorResult } from '@chainsafe/libp2p-gossipsub'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createLog } from '../../node/log.ts'
import { Gossip, type Topic } from '../../node/mesh/gossip.ts'
import { BakError, Ignored } from '../../protocols/errors.ts'
import { addressOf, createMesh, eventually, type LocalMesh, type LocalPeer } from '../helpers/networks.ts'

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
    allowedTopics: new Set<string>(),
    topics: new Map<string, Set<string>>(),
    streamsOutbound: new Map<string, unknown>(),
    subscribe: (name: string) => calls.push(`subscribe ${name}`),
    unsubscribe: (name: string) => calls.push(`unsubscribe ${name}`),
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
  const arrive = (data: Uint8Array, name = topic, from = 'peer-b') => {
    const verdict = pubsub.topicValidators.get(name)?.({ toString: () => from }, { topic: name, data })
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

test('drops a message that was not validated', () => {
  const { deliver, handled, checked } = gossipOf()
  deliver(bytesOf('hello'))
  assert.equal([handled, checked()], [[], 0])
})

test('handles a one-hop message from its signer at once, and does not pass it on', () => {
  const check: Topic<string>['check'] = (bytes, claim) => {
    const text = Buffer.from(bytes).toString()
    claim(text.split(' ')[0] as string)
    return text
  }
  const { arrive, handled } = gossipOf({ check, isOneHop: text => text.endsWith('one-hop') })
  assert.is(arrive(bytesOf('peer-b one-hop')), TopicValidatorResult.Ignore)
  assert.is(arrive(bytesOf('peer-c one-hop')), TopicValidatorResult.Accept, 'this neighbour passed it on')
  assert.is(arrive(bytesOf('peer-b repeated')), TopicValidatorResult.Accept)
  assert.equal(handled, ['peer-b one-hop 14', 'peer-c one-hop 14', 'peer-b repeated 15'])
})

test('knows whether a message reaches peers in one hop: each is subscribed and connected', () => {
  const { gossip, pubsub } = gossipOf()
  pubsub.topics.set(topic, new Set(['a', 'b']))
  pubsub.streamsOutbound.set('a', {}).set('c', {})
  assert.ok(gossip.reaches(topic, ['a']))
  for (const peer of ['b', 'c', 'd']) assert.not(gossip.reaches(topic, ['a', peer]), peer)
  assert.not(gossip.reaches('/bak/mesh/other/1', ['a']))
})

test('accepts a topic while it is subscribed to, and leaves nothing behind', () => {
  const { gossip, pubsub, calls, deliver, handled } = gossipOf()
  assert.ok(pubsub.allowedTopics.has(topic))
  gossip.unsubscribe(topic)
  gossip.unsubscribe(topic)
  assert.equal(calls, [`subscribe ${topic}`, `unsubscribe ${topic}`])
  assert.equal([pubsub.allowedTopics.size, pubsub.topicValidators.size], [0, 0])
  deliver(bytesOf('hello'))
  assert.equal(handled, [])
})

test('messages of a topic with a list of peers are sent to those only, and those of other topics to all', async () => {
  const mesh = createMesh()
  try {
    const [a, b, c] = [await mesh.start(), await mesh.start(), await mesh.start()] as [LocalPeer, LocalPeer, LocalPeer]
    const got: string[] = []
    const closed = '/bak/mesh/run/one/1'
    for (const each of [a, b, c]) {
      for (const [name, admits] of [
        [closed, (peer: string) => peer !== c.peer],
        [mesh.topic, undefined]
      ] as const) {
        each.gossip.subscribe<string>({
          ...{ name, admits },
          check: bytes => Buffer.from(bytes).toString(),
          handle: text => got.push(`${each === b ? 'b' : 'c'} ${text}`)
        })
      }
    }
    // c is connected with b only, which could pass it on, and with the publisher itself
    for (const each of [b, c]) await each.network.dial(addressOf(a))
    await c.network.dial(addressOf(b))
    await eventually('all are subscribed', () => a.gossip.reaches(closed, [b.peer, c.peer]))
    a.gossip.publish(closed, bytesOf('closed'))
    a.gossip.publish(mesh.topic, bytesOf('open'))
    await eventually('all have got the open one', () => got.includes('b open') && got.includes('c open'))
    await eventually('b has got the closed one', () => got.includes('b closed'))
    assert.not(got.includes('c closed'))
  } finally {
    await mesh.stop()
  }
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
  pubsub.subscribe = name =>
    calls.push(`subscribe ${name} ${pubsub.topicValidators.has(name)} ${pubsub.allowedTopics.has(name)}`)
  gossip.subscribe<string>({ name: 'x', check: () => '', handle: () => {} })
  assert.is(calls.at(-1), 'subscribe x true true')
})

/** A topic whose messages name their signer: `peer-a: hello`; those that end in `!` are of one hop. */
const signed: Partial<Topic<string>> = {
  check: (bytes, claim) => {
    const text = Buffer.from(bytes).toString()
    claim(text.split(':')[0] as string)
    return text
  },
  isOneHop: text => text.endsWith('!')
}

test('a message of one hop that comes from its signer is handled, and not passed on', () => {
  const { arrive, handled } = gossipOf(signed)
  assert.is(arrive(bytesOf('peer-b: hello!')), TopicValidatorResult.Ignore)
  assert.equal(handled, ['peer-b: hello! 14'])
})

test('the same message from a third peer is passed on, and so is one that is not of one hop', () => {
  const { arrive, handled } = gossipOf(signed)
  assert.is(arrive(bytesOf('peer-b: hello!'), topic, 'peer-c'), TopicValidatorResult.Accept)
  assert.is(arrive(bytesOf('peer-b: hello')), TopicValidatorResult.Accept)
  assert.equal(handled, ['peer-b: hello! 14', 'peer-b: hello 13'])
})

test('a message of one hop that is refused is not handled', () => {
  const { arrive, handled } = gossipOf({
    ...signed,
    check: () => {
      throw new BakError('not-allowed', 'no')
    }
  })
  assert.is(arrive(bytesOf('peer-b: hello!')), TopicValidatorResult.Reject)
  assert.equal(handled, [])
})

test('a topic that is left is neither allowed nor validated any more, and its messages are dropped', () => {
  const { gossip, pubsub, arrive, deliver, handled, calls } = gossipOf()
  pubsub.topics.set(topic, new Set(['peer-b']))
  const late = bytesOf('hello')
  pubsub.topicValidators.get(topic)?.({ toString: () => 'peer-b' }, { topic, data: late })
  gossip.unsubscribe(topic)
  gossip.unsubscribe(topic)
  assert.equal(calls, [`subscribe ${topic}`, `unsubscribe ${topic}`])
  assert.equal([pubsub.allowedTopics.size, pubsub.topicValidators.size, pubsub.topics.size], [0, 0, 0])
  deliver(late)
  assert.equal([arrive(bytesOf('hello')), handled], [undefined, []])
})

test('one hop reaches those that are subscribed and to which there is a stream of gossip', () => {
  const { gossip, pubsub } = gossipOf()
  assert.equal([gossip.reaches(topic, []), gossip.reaches(topic, ['peer-b'])], [true, false])
  pubsub.topics.set(topic, new Set(['peer-b', 'peer-c', 'peer-d']))
  for (const peer of ['peer-b', 'peer-c', 'peer-e']) pubsub.streamsOutbound.set(peer, {})
  assert.equal(
    [['peer-b', 'peer-c'], ['peer-d'], ['peer-e'], ['peer-b', 'peer-z']].map(peers => gossip.reaches(topic, peers)),
    [true, false, false, false]
  )
  assert.not(gossip.reaches('/bak/mesh/other/1', ['peer-b']))
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

const real = suite('gossip among peers')
let mesh: LocalMesh
real.before.each(() => {
  mesh = createMesh()
})
real.after.each(() => mesh.stop())

interface Word {
  /** Who is said to have signed it. */
  by: string
  text: string
  oneHop?: boolean
}

/** Subscribes to a topic of words. @returns what is handled */
function listen({ gossip }: LocalPeer, name: string): string[] {
  const heard: string[] = []
  gossip.subscribe<Word>({
    name,
    check: (bytes, claim) => {
      const word = JSON.parse(Buffer.from(bytes).toString())
      claim(word.by)
      return word
    },
    isOneHop: ({ oneHop }) => oneHop === true,
    handle: ({ text }) => void heard.push(text)
  })
  return heard
}
const say = ({ gossip }: LocalPeer, name: string, word: Word) => gossip.publish(name, bytesOf(JSON.stringify(word)))

/** Three peers in a row: the outer two are connected with the middle one only. */
async function row() {
  const [a, b, c] = [await mesh.start(), await mesh.start(), await mesh.start()]
  for (const outer of [a, c]) await outer.network.dial(addressOf(b))
  return [a, b, c] as const
}

real('a topic of later may be subscribed to and left at any time', async () => {
  const [a, b] = await row()
  const late = `${mesh.topic}-late`
  const byB = listen(b, late)
  listen(a, late)
  await eventually('a knows of b', () => a.gossip.reaches(late, [b.peer]))
  let words = 0
  await eventually('b hears a', () => {
    say(a, late, { by: a.peer, text: `${words++}` })
    return byB.length > 0
  })
  b.gossip.unsubscribe(late)
  await eventually('a knows that b has left', () => !a.gossip.reaches(late, [b.peer]))
  byB.length = 0
  say(a, late, { by: a.peer, text: 'nobody hears it' })
  await new Promise(resolve => setTimeout(resolve, 300))
  assert.equal(byB, [])
  const again = listen(b, late)
  await eventually('b hears a again', () => {
    say(a, late, { by: a.peer, text: `${words++}` })
    return again.length > 0
  })
})

real('of a message of one hop its neighbours hear once and nobody else; of a third peer it is passed on', async () => {
  const [a, b, c] = await row()
  const [, byB, byC] = [a, b, c].map(peer => listen(peer, mesh.topic)) as [string[], string[], string[]]
  await eventually('both are told', () => a.gossip.reaches(mesh.topic, [b.peer]))
  assert.not(a.gossip.reaches(mesh.topic, [b.peer, c.peer]))
  let words = 0
  await eventually('c hears a by way of b', () => {
    say(a, mesh.topic, { by: a.peer, text: `${words++}` })
    return byC.length > 0
  })
  await new Promise(resolve => setTimeout(resolve, 200))
  byB.length = byC.length = 0
  say(a, mesh.topic, { by: a.peer, text: 'one hop', oneHop: true })
  await eventually('b hears it', () => byB.length > 0)
  await new Promise(resolve => setTimeout(resolve, 1_500))
  assert.equal([byB, byC], [['one hop'], []])
  // as if another peer had sent it to a
  say(a, mesh.topic, { by: 'somebody', text: 'passed on', oneHop: true })
  await eventually('c hears it', () => byC.length > 0)
  assert.equal([byB, byC], [['one hop', 'passed on'], ['passed on']])
})
real.run()
