/**
 * A second socket between two peers whose first one is punched: nobody listens where that leads to. They look at fresh ports
 * from outside and connect to each other at once, as the first time, and tell each other about it over what they have.
 */
import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import type { PeerId } from '@libp2p/interface'
import { punchAgainProtocol } from '../../../protocols/bulk.ts'
import {
  type FromFollower,
  type FromLeader,
  followDirect,
  leadDirect,
  NONCE_BYTES,
  type Offer
} from '../../../protocols/direct.ts'
import { BakError } from '../../../protocols/errors.ts'
import type { Endpoint } from '../../../protocols/observe.ts'
import type { Exchange } from '../../../protocols/stream.ts'
import { AttemptLimit } from '../holepunch/attempt-limit.ts'
import { type ObservedPort, observePort } from '../holepunch/observe.ts'
import { planPunch } from '../holepunch/punch-plan.ts'
import { raceConnects } from '../holepunch/race.ts'
import { verifyEndpoints } from '../holepunch/verify-endpoints.ts'
import type { Members } from '../membership/members.ts'
import type { Relays } from '../relay/relays.ts'
import type { Streams } from '../streams.ts'

/** Longest time for a look from outside, and for the attempt, ms. */
const OBSERVE = 3_000
const PUNCH = 4_000
/** Attempts that others lead here, of all of them. */
const LED = { maxConcurrent: 8, maxPerPeriod: 64, periodMs: 60_000 }

export interface AgainComponents {
  peerId: PeerId
  streams: Streams
  relays: Pick<Relays, 'observers'>
  members: Pick<Members, 'get'>
}

export class Again {
  readonly #components: AgainComponents
  readonly #self: string
  readonly #led = new AttemptLimit(LED)

  constructor(components: AgainComponents) {
    this.#components = components
    this.#self = components.peerId.toString()
  }

  /** The end of the peer with the smaller id. @throws {BakError} why there is none */
  async lead(peer: string, signal: AbortSignal): Promise<Socket> {
    const port = new Port()
    let socket: Socket | undefined
    try {
      const mine = this.#look(port, signal)
      mine.catch(() => {})
      const nonce = randomBytes(NONCE_BYTES)
      const weigh = (theirs: Offer) => {
        port.to = this.#plan(port, theirs, peer)
        return true
      }
      const go = async () => {
        socket = await raceConnects({ pairs: port.attempts, leads: true, nonce }, limited(signal, PUNCH))
      }
      const options = { signal, protocol: punchAgainProtocol }
      await leadDirect(this.#components.streams.to(peer), mine, nonce, { weigh, go }, options)
      if (socket == null) throw new BakError('unreachable', 'nothing got through')
      return socket
    } catch (error) {
      socket?.destroy()
      throw error
    } finally {
      port.release()
    }
  }

  /** The other's end. @param take gets the socket */
  async *follow(
    first: FromLeader,
    exchange: Exchange<FromLeader>,
    take: (socket: Socket) => void
  ): AsyncGenerator<FromFollower> {
    const { peer, signal } = exchange
    if (peer > this.#self) throw new BakError('not-allowed', 'the peer with the smaller id leads')
    const end = await this.#led.acquire(signal)
    const port = new Port()
    try {
      yield* followDirect(first, exchange, {
        answer: () => this.#look(port, signal),
        prepare: async theirs => {
          port.to = this.#plan(port, theirs, peer)
        },
        go: async (_theirs, nonce) =>
          take(await raceConnects({ pairs: port.attempts, leads: false, nonce }, limited(signal, PUNCH)))
      })
    } finally {
      port.release()
      end()
    }
  }

  async #look(port: Port, signal: AbortSignal): Promise<Omit<Offer, 'type'>> {
    port.outside = await observePort(this.#self, this.#components.relays.observers(), limited(signal, OBSERVE))
    return { addresses: [], proofs: port.outside.proofs }
  }

  /** One port to one. @throws {BakError} `unreachable` where it would take many: routers have better to remember */
  #plan({ outside }: Port, { proofs }: Offer, peer: string): Endpoint {
    const seen = verifyEndpoints(proofs, peer, this.#self, this.#components.members)
    const plan = planPunch(outside?.endpoints ?? [], seen)
    if (plan.kind === 'one') return plan.to
    throw new BakError('unreachable', plan.kind === 'none' ? plan.reason : 'a second one would take many ports')
  }
}

/** The port of one attempt, which is held until that is over, and where it is to lead. */
class Port {
  outside: ObservedPort | undefined
  to: Endpoint | undefined
  #released = false

  get attempts() {
    const { outside, to } = this
    return outside == null || to == null ? [] : [{ from: outside.localPort, to }]
  }

  release(): void {
    if (!this.#released) this.outside?.release()
    this.#released = true
  }
}

const limited = (signal: AbortSignal, ms: number) => AbortSignal.any([signal, AbortSignal.timeout(ms)])
