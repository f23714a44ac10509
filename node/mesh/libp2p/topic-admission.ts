/**
 * Gossipsub sends the messages of a topic to everybody who subscribes to it. For a topic that is not for the whole mesh, the topic of a
 * run, this holds back messages from peers that are not admitted, in whichever way they would be sent: published, passed on, or asked for.
 */
import type { GossipSub } from '@chainsafe/libp2p-gossipsub'

interface Rpc {
  messages: Array<{ topic: string }>
}

/** How gossipsub sends: to one peer, and to several the same bytes. */
interface Inside {
  sendRpc(peer: string, rpc: Rpc): boolean
  sendRpcInBatch(peers: Set<string>, rpc: Rpc): void
}

/** @param admits whether a peer may get messages of a topic */
export function restrictTopics(pubsub: GossipSub, admits: (topic: string, peer: string) => boolean): void {
  const inside = pubsub as unknown as Inside
  const sendRpc = inside.sendRpc.bind(pubsub)
  const sendRpcInBatch = inside.sendRpcInBatch.bind(pubsub)
  inside.sendRpc = (peer, rpc) => {
    const messages = rpc.messages?.filter(({ topic }) => admits(topic, peer))
    return sendRpc(peer, messages?.length === rpc.messages?.length ? rpc : { ...rpc, messages })
  }
  inside.sendRpcInBatch = (peers, rpc) => {
    for (const peer of peers) if (!rpc.messages?.every(({ topic }) => admits(topic, peer))) peers.delete(peer)
    sendRpcInBatch(peers, rpc)
  }
}
