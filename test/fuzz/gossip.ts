/** Hostile frames of gossipsub itself; valid messages in them pass through the topic validators. */
import { RPC } from '@chainsafe/libp2p-gossipsub/message'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import * as fc from 'fast-check'
import { TOPICS, topicName } from '../../protocols/hello.ts'
import { pair } from '../helpers/streams.ts'
import { changed, concat, prefixed, spliced } from './bytes.ts'
import { type Target, within } from './target.ts'
import { handlerOf, pubsubOf, type World } from './world.ts'

const PROTOCOL = '/meshsub/1.2.0'
/** Gossipsub remembers messages for two minutes; here its caches are cleared after this many inputs. */
const INPUTS_PER_CLEAR = 500

export const gossipTarget: Target<Uint8Array> = {
  name: PROTOCOL,
  refusals: [],
  inputs: world => {
    const rpc = rpcs(world).map(each => prefixed(RPC.encode(each as never)))
    const frames = fc.array(rpc, { minLength: 1, maxLength: 3 }).map(all => concat(...all))
    return fc.oneof(
      { weight: 4, arbitrary: frames },
      { weight: 4, arbitrary: changed(frames) },
      { weight: 1, arbitrary: spliced(frames) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 256 }) }
    )
  },
  feed: async (world, bytes) => {
    const [near, far] = await pair()
    const remotePeer = peerIdFromString(world.stranger.peer)
    const connection = { remotePeer, direction: 'inbound', remoteAddr: multiaddr('/ip4/127.0.0.1/tcp/1') }
    const ended = new Promise<void>(resolve => far.addEventListener('close', () => resolve()))
    await handlerOf(world.target.parts.network, PROTOCOL).handler(far, connection as never)
    if (bytes.length > 0) near.send(bytes)
    await near.close()
    await new Promise(setImmediate)
    near.abort(new Error('over'))
    await within(PROTOCOL, ended)
    clearCaches(world)
    return ['ok']
  }
}

function rpcs({ target, published, member }: World): fc.Arbitrary<unknown> {
  const topics = TOPICS.map(name => topicName(target.parts.mesh.mesh, name))
  const topic = fc.oneof(fc.constantFrom(...topics), fc.string())
  const heard = fc.constantFrom(...[...published.values()].flat())
  const data = fc.oneof(heard, changed(heard), fc.uint8Array({ maxLength: 64 }))
  const messageIDs = fc.array(fc.uint8Array({ maxLength: 24 }), { maxLength: 5 })
  const peers = fc.array(
    fc.record({ peerID: fc.constant(peerIdFromString(member.parts.identity.peer).toMultihash().bytes) })
  )
  const list = (values: Record<string, fc.Arbitrary<unknown>>) => fc.array(fc.record(values), { maxLength: 3 })
  return fc.record({
    subscriptions: list({ subscribe: fc.boolean(), topic }),
    messages: list({ topic, data }),
    control: fc.record({
      ihave: list({ topicID: topic, messageIDs }),
      iwant: list({ messageIDs }),
      graft: list({ topicID: topic }),
      prune: list({ topicID: topic, backoff: fc.nat(), peers }),
      idontwant: list({ messageIDs })
    })
  })
}

let count = 0

function clearCaches({ target }: World): void {
  if (++count % INPUTS_PER_CLEAR !== 0) return
  const { seenCache, fastMsgIdCache, score } = pubsubOf(target.parts.network) as unknown as Record<string, Clearable>
  for (const each of [seenCache, fastMsgIdCache, score?.deliveryRecords]) each?.clear()
}

interface Clearable {
  clear(): void
  deliveryRecords?: Clearable
}
