/** Attempts at direct connections, from both ends; the order of messages is in `protocols/direct.ts`. */
import { randomBytes } from 'node:crypto'
import type { Connection } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import {
  type FromFollower,
  type FromLeader,
  followDirect,
  leadDirect,
  NONCE_BYTES,
  type Offer
} from '../../../protocols/direct.ts'
import { asBakError } from '../../../protocols/errors.ts'
import type { Exchange, Opener } from '../../../protocols/stream.ts'
import type { Log } from '../../log.ts'
import { Part } from '../../part.ts'
import { isRelayed } from '../reachability/addresses.ts'
import { Attempt, type AttemptComponents } from './attempt.ts'
import { AttemptLimit } from './attempt-limit.ts'

/** Each attempt with many ports leaves as many entries in the tables of routers, for two minutes. */
const MANY_PORTS_LIMIT = { maxConcurrent: 3, maxPerPeriod: 12, periodMs: 60_000 }

export class Attempts extends Part<AttemptComponents, { log: Log }> {
  readonly #log = this.init.log
  readonly #manyPorts = new AttemptLimit(MANY_PORTS_LIMIT)

  /** The end of the peer with the smaller id. @throws {BakError} why there is no direct connection */
  async lead(relayed: Connection, signal: AbortSignal): Promise<void> {
    const peer = relayed.remotePeer.toString()
    const attempt = this.#begin(peer, relayed.direction, signal)
    const options = { signal: attempt.scope.signal, runOnLimitedConnection: true }
    const open: Opener = protocol => relayed.newStream(protocol, options)
    try {
      const known = this.components.members.get(peer)?.addresses ?? []
      attempt.dial(known)
      const mine = attempt.offer()
      const weigh = async (theirs: Offer) => {
        attempt.dial(theirs.addresses.filter(each => !known.includes(each)))
        attempt.plan(theirs)
        await attempt.awaitDials([...theirs.addresses, ...(await mine).addresses])
        await attempt.preparePunch()
        return true
      }
      const go = (nonce: Uint8Array) => attempt.punch(true, nonce)
      await leadDirect(open, mine, randomBytes(NONCE_BYTES), { weigh, go }, { signal: attempt.scope.signal })
    } catch (cause) {
      if (!attempt.scope.isConnected) throw asBakError(cause)
    } finally {
      attempt.scope.end()
    }
  }

  /** The other peer's end. */
  async *follow(first: FromLeader, exchange: Exchange<FromLeader>): AsyncGenerator<FromFollower> {
    const { peer } = exchange
    const relayed = this.#connections(peer).find(({ remoteAddr }) => isRelayed(remoteAddr))
    const attempt = this.#begin(peer, relayed?.direction ?? 'inbound', exchange.signal)
    try {
      yield* followDirect(first, exchange, {
        answer: theirs => {
          attempt.dial(theirs.addresses)
          return attempt.offer()
        },
        prepare: async theirs => {
          attempt.plan(theirs)
          await attempt.preparePunch()
        },
        go: nonce => attempt.punch(false, nonce)
      })
    } catch (cause) {
      if (!attempt.scope.isConnected) throw asBakError(cause)
    } finally {
      attempt.scope.end()
    }
  }

  #begin(peer: string, direction: Connection['direction'], signal: AbortSignal): Attempt {
    return new Attempt(this.components, { log: this.#log, peer, direction, signal, manyPorts: this.#manyPorts })
  }

  #connections(peer: string): Connection[] {
    return this.components.connectionManager.getConnections(peerIdFromString(peer))
  }
}
