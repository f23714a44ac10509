/**
 * Topics of the mesh over gossipsub. A message is decoded and its signature verified once, in the topic validator, before it is passed on;
 * the subscriber gets the checked value. Gossip may lose, repeat and reorder: a publisher repeats what must arrive.
 */
import { hash } from 'node:crypto'
import { type GossipSub, gossipsub, type Message, TopicValidatorResult } from '@chainsafe/libp2p-gossipsub'
import type { PeerId } from '@libp2p/interface'
import { asBakError, BakError, Ignored } from '../../protocols/errors.ts'
import { TOPICS, topicName } from '../../protocols/hello.ts'
import type { Log } from '../log.ts'
import { GossipLimiter } from './libp2p/gossip-limiter.ts'
import { restrictTopics } from './libp2p/topic-admission.ts'
import { scoreOf } from './limits/gossip-score.ts'
import type { PeerScore } from './limits/peer-score.ts'
import { Signers } from './limits/signers.ts'

/** Largest message on a topic: a certificate of a few thousand members. */
export const MAX_MESSAGE_BYTES = 1024 * 1024
/** Enough of the SHA-256 to tell messages apart. */
const MESSAGE_ID_BYTES = 20

/** Largest frame of gossipsub: several messages for a neighbour that missed them. */
const MAX_FRAME_BYTES = 4 * MAX_MESSAGE_BYTES
/** Limits within one frame; an honest one has a few topics and some requested messages. */
const FRAME_LIMITS = {
  ...{ maxSubscriptions: 128, maxMessages: 1_000, maxControlMessages: 128, maxPeerInfos: 16 },
  ...{ maxIhaveMessageIDs: 5_000, maxIwantMessageIDs: 5_000, maxIdontwantMessageIDs: 512 }
}

/**
 * From this size on a peer with a message announces it to its neighbours, so that they do not send it (IDONTWANT). A smaller duplicate
 * costs less than the announcement: it is dropped undecoded, and the cost is in the number of frames.
 */
const IDONTWANT_MIN_BYTES = 16 * 1024

/** The gossipsub service as every peer of a mesh runs it; without a peer score it tolerates every violation. */
export function meshGossip({ mesh, peerScore }: { mesh: string; peerScore?: PeerScore }) {
  const topics = TOPICS.map(name => topicName(mesh, name))
  const make = gossipsub({
    // the envelope in the message bears the one signature; the id is the digest, so that duplicates are dropped undecoded
    globalSignaturePolicy: 'StrictNoSign',
    msgIdFn: (message: Message) => idOf(message.data),
    fastMsgIdFn: (message: { data?: Uint8Array }) => idOf(message.data ?? new Uint8Array()).toString('hex'),
    allowPublishToZeroTopicPeers: true,
    // a message is encoded once for all peers that it is sent to
    batchPublish: true,
    ignoreDuplicatePublishError: true,
    // messages on any other topic would be kept and passed on unchecked
    allowedTopics: topics,
    maxInboundDataLength: MAX_FRAME_BYTES,
    decodeRpcLimits: FRAME_LIMITS,
    runOnLimitedConnection: true,
    idontwantMinDataSize: IDONTWANT_MIN_BYTES,
    scoreParams: scoreOf(topics, peerScore)
  })
  return (components: Parameters<typeof make>[0]) => {
    const pubsub = make(components) as GossipSub
    return peerScore == null ? pubsub : new GossipLimiter(peerScore).watch(pubsub)
  }
}

/** What gossipsub keeps to itself: the topics that it accepts, who subscribed to each, and its streams to neighbours. */
interface GossipInside {
  allowedTopics: Set<string>
  topics: Map<string, Set<string>>
  streamsOutbound: Map<string, unknown>
}

export interface GossipComponents {
  pubsub: GossipSub
}

export interface GossipInit {
  log: Log
  /** Counts the violations of neighbours. */
  peerScore?: Pick<PeerScore, 'note'>
}

export interface Topic<T> {
  name: string
  /**
   * Decodes and verifies a message.
   * @param claim to be called with the claimed signer before the signature is verified; throws if that peer is over its limit
   * @throws {BakError} what is wrong with the message; an `Ignored` drops it without blame for the neighbour that passed it on
   */
  check(bytes: Uint8Array, claim: (signer: string) => void): T
  /**
   * True if the signer sends the message to every peer that it concerns: a peer that gets it from the signer itself does not pass it on.
   */
  isOneHop?(value: T): boolean
  /** Whether a peer may get the messages of the topic; every peer of the mesh where it is left out. */
  admits?(peer: string): boolean
  /** Gets each message once, through whichever neighbour it came. */
  handle(value: T, bytes: Uint8Array): void
}

export class Gossip {
  readonly #pubsub: GossipSub
  readonly #peerScore: GossipInit['peerScore']
  readonly #log: Log
  readonly #inside: GossipInside
  readonly #topics = new Map<string, Topic<unknown>>()
  readonly #checked = new WeakMap<Uint8Array, unknown>()
  readonly #signers = new Signers()
  #restricts = false

  constructor(components: GossipComponents, init: GossipInit) {
    this.#pubsub = components.pubsub
    this.#inside = components.pubsub as unknown as GossipInside
    this.#peerScore = init.peerScore
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
    this.#inside.allowedTopics.add(topic.name)
    if (topic.admits != null) this.#restrict()
    this.#pubsub.topicValidators.set(topic.name, (peer, message) =>
      this.#validate(topic as Topic<unknown>, peer, message)
    )
    this.#pubsub.subscribe(topic.name)
  }

  #restrict(): void {
    if (this.#restricts) return
    this.#restricts = true
    restrictTopics(this.#pubsub, (name, peer) => this.#topics.get(name)?.admits?.(peer) ?? true)
  }

  /** Leaves a topic: its messages are dropped unread from now on. */
  unsubscribe(name: string): void {
    if (!this.#topics.delete(name)) return
    this.#pubsub.unsubscribe(name)
    this.#pubsub.topicValidators.delete(name)
    this.#inside.allowedTopics.delete(name)
    this.#inside.topics.delete(name)
  }

  /** @returns whether a message on the topic goes to each of the peers in one hop */
  reaches(name: string, peers: string[]): boolean {
    const subscribers = this.#inside.topics.get(name)
    return peers.every(peer => subscribers?.has(peer) === true && this.#inside.streamsOutbound.has(peer))
  }

  /** Publishes to the known subscribers; there may be none. */
  publish(topic: string, bytes: Uint8Array): void {
    // every neighbour would count it as a violation
    if (bytes.length > MAX_MESSAGE_BYTES)
      return this.#log.error('message too large to publish', { topic, bytes: bytes.length })
    this.#pubsub.publish(topic, bytes).catch(error => this.#log.debug('not published', { topic, why: error.message }))
  }

  #validate(topic: Topic<unknown>, peer: PeerId, message: Message): TopicValidatorResult {
    try {
      const { value, signer } = this.#check(topic, message.data)
      if (signer === peer.toString() && topic.isOneHop?.(value)) {
        this.#handle(topic, value, message.data)
        return TopicValidatorResult.Ignore
      }
      this.#checked.set(message.data, value)
      return TopicValidatorResult.Accept
    } catch (cause) {
      const { code, message: why } = asBakError(cause)
      const from = peer.toString()
      const fields = { topic: topic.name, from, code, why }
      // no refusal: at every start some messages come before the records of their signers
      if (code === 'not-ready') this.#log.debug('message ignored', fields)
      else this.#log.refused('message refused', fields)
      if (cause instanceof Ignored) return TopicValidatorResult.Ignore
      this.#peerScore?.note(from, 'bad-gossip')
      return TopicValidatorResult.Reject
    }
  }

  #check(topic: Topic<unknown>, data: Uint8Array): { value: unknown; signer?: string } {
    if (data.length > MAX_MESSAGE_BYTES)
      throw new BakError('bad-message', `a message of ${data.length} bytes is too large`)
    let claimed: string | undefined
    const value = topic.check(data, signer => {
      claimed = signer
      if (this.#signers.admits(topic.name, signer, data.length)) return
      throw new Ignored('busy', `${signer} sends too many messages, or all signers together do`)
    })
    if (claimed != null) this.#signers.count(topic.name, claimed, data.length)
    return { value, signer: claimed }
  }

  readonly #onMessage = (event: CustomEvent<Message>): void => {
    const topic = this.#topics.get(event.detail.topic)
    if (topic == null) return
    const { data } = event.detail
    const checked = this.#checked.get(data)
    if (checked !== undefined) this.#handle(topic, checked, data)
  }

  #handle(topic: Topic<unknown>, value: unknown, data: Uint8Array): void {
    try {
      topic.handle(value, data)
    } catch (cause) {
      this.#log.error('message not handled', { topic: topic.name, why: asBakError(cause).message })
    }
  }
}

/** Gossipsub asks twice for the id of a message, one time right after the other. */
let latest: { data: Uint8Array; id: Buffer } | undefined

function idOf(data: Uint8Array): Buffer {
  if (latest?.data !== data) latest = { data, id: hash('sha256', data, 'buffer').subarray(0, MESSAGE_ID_BYTES) }
  return latest.id
}
