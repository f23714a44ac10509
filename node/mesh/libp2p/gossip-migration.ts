/**
 * The connection that gossip to a peer goes over. Gossipsub keeps the first that there was, and when that closes it forgets the
 * peer, its topics and the streams on other connections. So its stream is moved before: first there is a new one, then
 * messages go over it, then the old one ends in order, with what is still in it.
 */
import type { GossipSub } from '@chainsafe/libp2p-gossipsub'
import type { Connection, Stream } from '@libp2p/interface'

const TIMEOUT = 5_000

/** What gossipsub keeps for each peer that it sends to; it has no door of its own to that. */
interface Outbound {
  rawStream: Stream
}
interface Inside {
  streamsOutbound: Map<string, Outbound>
  protocols: string[]
}

/** Makes a connection the one that gossip to its peer goes over. @throws where no stream can be had on it */
export async function moveGossip(pubsub: GossipSub, connection: Connection): Promise<void> {
  const { streamsOutbound, protocols } = pubsub as unknown as Inside
  const peer = connection.remotePeer.toString()
  const before = streamsOutbound.get(peer)
  // gossipsub opens the first itself
  if (before == null || connection.streams.includes(before.rawStream)) return
  const signal = AbortSignal.timeout(TIMEOUT)
  const fresh = await connection.newStream(protocols, { signal, runOnLimitedConnection: true })
  const now = streamsOutbound.get(peer)
  if (now == null || fresh.status !== 'open') return fresh.abort(new Error('the peer is gone'))
  fresh.maxWriteBufferLength = now.rawStream.maxWriteBufferLength
  const moved: Outbound = Object.assign(Object.create(Object.getPrototypeOf(now)), now, { rawStream: fresh })
  streamsOutbound.set(peer, moved)
  fresh.addEventListener('close', () => {
    if (streamsOutbound.get(peer) === moved) streamsOutbound.delete(peer)
  })
  await now.rawStream.close({ signal }).catch(error => now.rawStream.abort(error))
}
