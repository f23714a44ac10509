/**
 * Gossipsub sends to a peer on the first connection that there was; when that closes it forgets the peer and its topics, although another
 * connection is open, and never sends to it again. So its stream is moved before: a new one is opened, takes the place of the old one, and
 * the old one is closed in order.
 */
import type { GossipSub } from '@chainsafe/libp2p-gossipsub'
import type { Connection, Stream } from '@libp2p/interface'

/** Longest time to open the new stream and to close the old one. */
const MOVE_TIMEOUT_MS = 5_000

/** Private fields of gossipsub: its stream to each peer. */
interface Outbound {
  rawStream: Stream
}
interface GossipInternals {
  streamsOutbound: Map<string, Outbound>
  protocols: string[]
}

/** Sends gossip to a peer on this connection from now on. @throws if no stream can be opened on it */
export async function moveGossip(pubsub: GossipSub, connection: Connection): Promise<void> {
  const { streamsOutbound, protocols } = pubsub as unknown as GossipInternals
  const peer = connection.remotePeer.toString()
  const before = streamsOutbound.get(peer)
  // gossipsub opens its first stream itself
  if (before == null || connection.streams.includes(before.rawStream)) return
  const signal = AbortSignal.timeout(MOVE_TIMEOUT_MS)
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
