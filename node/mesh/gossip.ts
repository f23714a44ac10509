/**
 * Topics of the mesh over gossipsub. A message is decoded and its signature checked once, in the topic validator, before it is
 * passed on; who subscribed gets the checked value. Gossip may lose, repeat and reorder: whoever publishes something that
 * must arrive repeats it.
 */
import { createHash } from 'node:crypto'
import { type GossipSub, gossipsub, type Message, TopicValidatorResult } from '@chainsafe/libp2p-gossipsub'
import type { PeerId } from '@libp2p/interface'
import { asBakError } from '../../protocols/errors.ts'
import type { Log } from '../log.ts'
import { Ignored } from './ignored.ts'

/** Largest message on a topic: a certificate of a few thousand members. */
const MAX_MESSAGE = 1024 * 1024
/** First bytes of the SHA-256 are enough to tell messages apart. */
const ID_BYTES = 20

/** The gossipsub service as every peer of a mesh runs it. */
export function meshGossip() {
  return gossipsub({
    // one signature, ours, in the message itself; its digest is its name, so that duplicates die undecoded
    globalSignaturePolicy: 'StrictNoSign',
    msgIdFn: (message: Message) => idOf(message.data),
    fastMsgIdFn: (message: { data?: Uint8Array }) =>
      Buffer.from(idOf(message.data ?? new Uint8Array())).toString('hex'),
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    maxInboundDataLength: MAX_MESSAGE,
    runOnLimitedConnection: true,
    // more than ten peers behind one address are a lab, not an attack; the default scores them below publishing
    scoreParams: { IPColocationFactorWeight: 0 }
  })
}

export interface GossipComponents {
  pubsub: GossipSub
}

export interface Topic<T> {
  name: string
  /**
   * Decodes and verifies.
   * @throws {BakError} what is wrong with the message; an `Ignored` drops it without blame for who passed it on
   */
  check(bytes: Uint8Array): T
  /** Gets each message once, from whichever peer it came. */
  handle(value: T, bytes: Uint8Array): void
}

export class Gossip {
  readonly #pubsub: GossipSub
  readonly #log: Log
  readonly #topics = new Map<string, Topic<unknown>>()
  readonly #checked = new WeakMap<Uint8Array, unknown>()

  constructor(components: GossipComponents, init: { log: Log }) {
    this.#pubsub = components.pubsub
    this.#log = init.log.with({}, 'gossip')
  }

  start(): void {
    this.#pubsub.addEventListener('message', this.#onMessage)
  }

  stop(): void {
    this.#pubsub.removeEventListener('message', this.#onMessage)
  }

  subscribe<T>(topic: Topic<T>): void {
    this.#topics.set(topic.name, topic as Topic<unknown>)
    this.#pubsub.topicValidators.set(topic.name, (peer, message) =>
      this.#validate(topic as Topic<unknown>, peer, message)
    )
    this.#pubsub.subscribe(topic.name)
  }

  /** Sends to whoever is known to listen; nobody may be. */
  publish(topic: string, bytes: Uint8Array): void {
    this.#pubsub.publish(topic, bytes).catch(error => this.#log.debug('not published', { topic, why: error.message }))
  }

  #validate(topic: Topic<unknown>, peer: PeerId, message: Message): TopicValidatorResult {
    try {
      this.#checked.set(message.data, topic.check(message.data))
      return TopicValidatorResult.Accept
    } catch (cause) {
      const { code, message: why } = asBakError(cause)
      const fields = { topic: topic.name, from: peer.toString(), code, why }
      // not yet known is not refused: at every start some messages come before the records of who signed them
      if (code === 'not-ready') this.#log.debug('message ignored', fields)
      else this.#log.refused('message refused', fields)
      if (cause instanceof Ignored) return TopicValidatorResult.Ignore
      return TopicValidatorResult.Reject
    }
  }

  readonly #onMessage = (event: CustomEvent<Message>): void => {
    const topic = this.#topics.get(event.detail.topic)
    if (topic == null) return
    const { data } = event.detail
    try {
      topic.handle(this.#checked.get(data) ?? topic.check(data), data)
    } catch (cause) {
      this.#log.error('a message could not be handled', { topic: topic.name, why: asBakError(cause).message })
    }
  }
}

function idOf(data: Uint8Array): Uint8Array {
  return createHash('sha256').update(data).digest().subarray(0, ID_BYTES)
}
