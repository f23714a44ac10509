/** How one message spreads in a simulated world, and what that costs each peer. */
import type { GossipParameters, World } from './world.ts'

/** Processor time of what a peer does, ms. */
export interface Costs {
  /** Putting a message on a connection. */
  send: number
  /** A message that it has not seen: decoded, verified, handed on. */
  first: number
  /** One that it has. */
  again: number
  /** Telling a neighbour that it need not send, or hearing so. */
  control: number
}

export interface Spreading {
  from: number
  /** Whom the publisher is connected to. */
  connected: number[]
  bytes: number
  costs: Costs
  parameters: GossipParameters
  /** A peer has it. */
  onFirst(peer: number): void
}

export function spread(world: World, { from, connected, bytes, costs, parameters, onFirst }: Spreading): void {
  const seen = new Set([from])
  const unwanted = new Map<number, Set<number>>()
  const quietly = bytes >= parameters.idontwantMinDataSize
  const publishTo = parameters.floodPublish ? connected : (world.neighbours[from] as number[])
  for (const peer of publishTo) world.work(from, costs.send, () => world.arrive(() => hear(peer, from)))

  function hear(peer: number, sender: number): void {
    if (seen.has(peer)) return world.work(peer, costs.again)
    seen.add(peer)
    const others = (world.neighbours[peer] as number[]).filter(other => other !== sender)
    if (quietly) for (const other of others) decline(peer, other)
    world.work(peer, costs.first, () => {
      onFirst(peer)
      for (const other of others) {
        if (unwanted.get(peer)?.has(other)) continue
        world.work(peer, costs.send, () => world.arrive(() => hear(other, peer)))
      }
    })
  }

  /** A neighbour hears that this peer has it already, and will not send it. */
  function decline(peer: number, other: number): void {
    world.work(peer, costs.control, () =>
      world.arrive(() => {
        world.work(other, costs.control)
        unwanted.set(other, (unwanted.get(other) ?? new Set()).add(peer))
      })
    )
  }
}
