/**
 * A peer inside the mesh that violates the protocols: it has the mesh secret and a proof, as any member does, and sends what a
 * test wants. With the key of another peer it also signs as that peer.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { createLog } from '../../node/log.ts'
import { Gossip } from '../../node/mesh/gossip.ts'
import type { Refusing } from '../../node/mesh/libp2p/encrypter.ts'
import { createMeshLibp2p } from '../../node/mesh/libp2p/libp2p.ts'
import { Streams } from '../../node/mesh/streams.ts'
import { Authority } from '../../node/mesh/trust/authority.ts'
import { RunFeed } from '../../node/run/run-feed.ts'
import { encode } from '../../protocols/codec.ts'
import { type Envelope, peek, type Signer, seal } from '../../protocols/envelope.ts'
import { runTopicName, topicName } from '../../protocols/hello.ts'
import { peerIdOf } from '../../protocols/identity.ts'
import { type Command, commandSubject } from '../../protocols/phase.ts'
import { acceptTicket, readTicket } from '../../protocols/ticket.ts'
import type { Testnet } from '../../testnets/testnet.ts'

export interface Rogue {
  signer: Signer
  network: Libp2p
  streams: Streams
  feed: RunFeed
  /** On the topic where its phase belongs. */
  publish(sealed: Envelope): void
  stop(): Promise<void>
}

const silent = createLog('error', () => {})

export interface RogueInit {
  /** The testnet's own where it is not given. */
  ticket?: string
  /** Shown in place of the proof that the ticket gives; nothing at all if null. */
  proof?: Uint8Array | null
  /** Of another peer, which it impersonates; a new one where it is not given. */
  key?: KeyObject
}

/** @throws the reason of the first daemon that refuses it */
export async function startRogue(testnet: Testnet, init: RogueInit = {}): Promise<Rogue> {
  const ticket = readTicket(init.ticket ?? testnet.ticket)
  const privateKey = init.key ?? generateKeyPairSync('ed25519').privateKey
  const { d, x } = privateKey.export({ format: 'jwk' })
  const open = Buffer.from(x as string, 'base64url')
  const signer = { peer: peerIdOf(open), key: privateKey }
  const { mesh, generation, secret } = ticket
  const secrets = [{ generation, value: secret }]
  const accepted = acceptTicket(ticket, signer.peer, Date.now()).bytes
  const authority = new Authority({ mesh, signer, log: silent, proof: accepted, secrets })
  const ownProofBytes = init.proof === undefined ? accepted : (init.proof ?? undefined)
  const refusals: Refusing[] = []
  const network = (await createMeshLibp2p(
    {
      mesh,
      secrets,
      admission: { ownProofBytes, judge: (...args) => authority.judge(...args) },
      key: new Uint8Array(Buffer.concat([Buffer.from(d as string, 'base64url'), open])),
      listen: ['/ip4/127.0.0.1/tcp/0'],
      announce: [],
      onRefused: refusing => refusals.push(refusing)
    },
    {
      authority: () => authority,
      gossip: (c: any) => new Gossip(c, { log: silent }),
      streams: (c: any) => new Streams(c, { log: silent }),
      feed: (c: any) => new RunFeed(c, { mesh, log: silent })
    }
  )) as Libp2p
  await network.start()
  // it notes who subscribes to any topic, also to those of runs that it takes no part in
  Object.assign(network.services.pubsub as object, { allowedTopics: Object.assign(new Set(), { has: () => true }) })
  try {
    for (const { name } of testnet.peers.filter(({ child }) => child != null)) {
      const [status] = await Array.fromAsync(testnet.call(name, 'status', {}))
      await network.dial(multiaddr(status?.addresses[0] as string))
    }
  } catch (cause) {
    await network.stop()
    throw new Error(refusals[0]?.reason, { cause })
  }
  const parts = network.services as unknown as { gossip: Gossip; streams: Streams; feed: RunFeed }
  return {
    signer,
    network,
    streams: parts.streams,
    feed: parts.feed,
    publish: sealed => {
      const { phase, run } = peek(commandSubject, sealed)
      const topic = phase === 'join' ? topicName(mesh, 'run') : runTopicName(mesh, run)
      parts.gossip.publish(topic, encode({ type: 'command', sealed }))
    },
    stop: async () => {
      await network.stop()
    }
  }
}

/** @returns the key of a daemon of a testnet, to sign as it */
export function keyOf(testnet: Testnet, name: string): KeyObject {
  return createPrivateKey(readFileSync(join(testnet.peer(name).home, 'key')))
}

export const sealCommand = (command: Command, signer: Signer) => seal(commandSubject, command, signer)
