/** How one command spreads in a simulated mesh, and what that costs each peer. */
import type { GossipParameters, World } from './world.ts'

/** Processor time of what a peer does, ms. */
export interface GossipCosts {
  /** Putting a message on a connection. */
  send: number
  /** A command that is new here: decoded, verified, and acted on. */
  act: number
  /** One that is not. */
  again: number
  /** Telling a neighbour that it need not send a message, or reading that. */
  control: number
}

export interface Spreading {
  from: number
  /** Peers that the publisher sends to. */
  connected: number[]
  /** Whether receivers pass the message on; they do not where the publisher reaches all. */
  passedOn: boolean
  bytes: number
  costs: GossipCosts
  parameters: GossipParameters
  /** A peer has acted on it. */
  onActed(peer: number): void
}

export function spread(world: World, init: Spreading): void {
  const { from, connected, passedOn, bytes, costs, parameters, onActed } = init
  const seen = new Set([from])
  const unwanted = new Map<number, Set<number>>()
  const announced = passedOn && bytes >= parameters.idontwantMinDataSize
  for (const peer of connected) world.work(from, costs.send, () => world.arrive(() => receive(peer, from)))

  function receive(peer: number, sender: number): void {
    if (seen.has(peer)) {
      world.work(peer, costs.again)
      return
    }
    seen.add(peer)
    const others = passedOn ? world.neighbours(peer).filter(other => other !== sender) : []
    if (announced) for (const other of others) decline(peer, other)
    world.work(peer, costs.act, () => {
      onActed(peer)
      for (const other of others) {
        if (unwanted.get(peer)?.has(other)) continue
        world.work(peer, costs.send, () => world.arrive(() => receive(other, peer)))
      }
    })
  }

  /** A neighbour learns that this peer has the message, and does not send it. */
  function decline(peer: number, other: number): void {
    world.work(peer, costs.control, () =>
      world.arrive(() => {
        world.work(other, costs.control)
        unwanted.set(other, (unwanted.get(other) ?? new Set()).add(peer))
      })
    )
  }
}
