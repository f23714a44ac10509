/** One attempt at a direct connection, from both ends; `protocols/direct.ts` has the order of what is said. */
import { randomBytes } from 'node:crypto'
import { networkInterfaces } from 'node:os'
import type { Connection, Libp2pEvents, PeerId, TypedEventTarget } from '@libp2p/interface'
import type { AddressManager } from '@libp2p/interface-internal'
import { peerIdFromString } from '@libp2p/peer-id'
import {
  type FromLeader,
  type FromFollower,
  followDirect,
  leadDirect,
  NONCE_BYTES,
  type Offer
} from '../../../protocols/direct.ts'
import { asBakError, BakError } from '../../../protocols/errors.ts'
import type { Exchange, Opener } from '../../../protocols/stream.ts'
import type { Log } from '../../log.ts'
import type { Members } from '../membership/members.ts'
import type { Paths } from '../paths/paths.ts'
import { isRelayed } from '../reachability/addresses.ts'
import type { Reachability } from '../reachability/reachability.ts'
import type { Relays } from '../relay/relays.ts'
import { AttemptLimit } from './attempt-limit.ts'
import { dialAny, type MakeComponents, punch } from './connect.ts'
import { arePublic, hopeful, isNear, localNetworks } from './dial-addresses.ts'
import { type Outside, observe } from './observe.ts'
import { type Plan, planPunch } from './punch-plan.ts'
import { Scope } from './scope.ts'
import { seenOf } from './seen.ts'

/** Longest time for one attempt, and in it for a look from outside, for a dial, and for a punch, ms. */
const ATTEMPT = 20_000
const OBSERVE = 3_000
const DIAL = 2_500
const PUNCH = 6_000
/** Of this peer's addresses so many are told. */
const MAX_ADDRESSES = 16
/** Attempts with many ports: each leaves as many entries in the tables of routers for two minutes. */
const SPRAYS = { atOnce: 3, inPeriod: 12, period: 60_000 }

export interface AttemptsComponents extends MakeComponents {
  peerId: PeerId
  events: TypedEventTarget<Libp2pEvents>
  addressManager: AddressManager
  members: Members
  relays: Relays
  reachability: Reachability
  paths: Paths
}

export class Attempts {
  readonly #components: AttemptsComponents
  readonly #log: Log
  readonly #self: string
  readonly #sprays = new AttemptLimit(SPRAYS)

  constructor(components: AttemptsComponents, init: { log: Log }) {
    this.#components = components
    this.#self = components.peerId.toString()
    this.#log = init.log
  }

  /** The end of the peer with the smaller id. @throws {BakError} why there is no direct connection */
  async lead(relayed: Connection, signal: AbortSignal): Promise<void> {
    const peer = relayed.remotePeer.toString()
    const scope = this.#scope(peer, relayed.direction, signal)
    const open: Opener = protocol => relayed.newStream(protocol, { signal: scope.signal, runOnLimitedConnection: true })
    let outside: Outside | undefined
    let plan: Plan = { kind: 'none', reason: '' }
    try {
      const known = this.#components.members.get(peer)?.addresses ?? []
      const dials = [this.#dial(peer, known, scope)]
      const mine = this.#look(scope).then(seen => {
        outside = seen
        return this.#offer(seen)
      })
      const weigh = async (theirs: Offer) => {
        const more = theirs.addresses.filter(each => !known.includes(each))
        dials.push(this.#dial(peer, more, scope))
        plan = this.#plan(outside, theirs, peer)
        await this.#hope([...theirs.addresses, ...(await mine).addresses], plan, dials, scope)
        if (plan.kind === 'none') throw new BakError('unreachable', plan.reason)
        await this.#turn(plan, scope)
        return true
      }
      const go = (_theirs: Offer, nonce: Uint8Array) => this.#punch(peer, plan, outside, true, nonce, scope)
      await leadDirect(open, mine, randomBytes(NONCE_BYTES), { weigh, go }, { signal: scope.signal })
    } catch (cause) {
      if (!scope.isFound) throw asBakError(cause)
    } finally {
      scope.end()
    }
  }

  /** The other's end. */
  async *follow(first: FromLeader, exchange: Exchange<FromLeader>): AsyncGenerator<FromFollower> {
    const { peer } = exchange
    const relayed = this.#connections(peer).find(({ remoteAddr }) => isRelayed(remoteAddr))
    const scope = this.#scope(peer, relayed?.direction ?? 'inbound', exchange.signal)
    let outside: Outside | undefined
    let plan: Plan = { kind: 'none', reason: '' }
    try {
      yield* followDirect(first, exchange, {
        answer: async theirs => {
          void this.#dial(peer, theirs.addresses, scope)
          outside = await this.#look(scope)
          return this.#offer(outside)
        },
        prepare: async theirs => {
          plan = this.#plan(outside, theirs, peer)
          if (plan.kind === 'none') throw new BakError('unreachable', plan.reason)
          await this.#turn(plan, scope)
        },
        go: (_theirs, nonce) => this.#punch(peer, plan, outside, false, nonce, scope)
      })
    } catch (cause) {
      if (!scope.isFound) throw asBakError(cause)
    } finally {
      scope.end()
    }
  }

  /** Ends with the attempt's time, or as soon as there is a direct connection, whoever made it. */
  #scope(peer: string, relayed: Connection['direction'], signal: AbortSignal): Scope {
    return new Scope(this.#components.events, peer, AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT)]), found => {
      // punched ones are named by who punched
      if (found.direction !== relayed && !isNear(found.remoteAddr)) this.#components.paths.mark(found, 'reversed')
    })
  }

  /** Never rejects: the scope tells whether something came of it. */
  async #dial(peer: string, addresses: string[], scope: Scope): Promise<void> {
    const worth = hopeful(addresses, localNetworks(Object.values(networkInterfaces())))
    if (worth.length === 0) return
    const signal = AbortSignal.any([scope.signal, AbortSignal.timeout(DIAL)])
    await dialAny(this.#components, peer, worth, signal).catch(error =>
      this.#log.debug('not dialled', { peer, why: error.message })
    )
  }

  /** Where one of them can be dialled by everyone, or nothing else is left, the dials have their time. */
  async #hope(addresses: string[], plan: Plan, dials: Promise<void>[], scope: Scope): Promise<void> {
    const likely = arePublic(addresses)
    if (!likely && plan.kind !== 'none') return
    await Promise.race([scope.found, Promise.all([...dials, sleep(likely ? DIAL : 0)])])
  }

  /** The port is held until the attempt is over. */
  async #look(scope: Scope): Promise<Outside | undefined> {
    const until = AbortSignal.any([scope.signal, AbortSignal.timeout(OBSERVE)])
    try {
      const outside = await observe(this.#self, this.#components.relays.observers(), until)
      scope.atEnd(outside.release)
      this.#components.reachability.note(outside.endpoints)
      return outside
    } catch (error) {
      this.#log.debug('not seen from outside', { why: asBakError(error).message })
      return undefined
    }
  }

  #offer(outside: Outside | undefined) {
    const addresses = this.#components.addressManager
      .getAddresses()
      .map(String)
      .filter(each => !isRelayed(each))
    return { addresses: addresses.slice(0, MAX_ADDRESSES), proofs: outside?.proofs ?? [] }
  }

  #plan(outside: Outside | undefined, { proofs }: Offer, peer: string): Plan {
    return planPunch(
      { seen: outside?.endpoints ?? [] },
      { seen: seenOf(proofs, peer, this.#self, this.#components.members) }
    )
  }

  async #turn(plan: Plan, scope: Scope): Promise<void> {
    if (plan.kind !== 'one') scope.atEnd(await this.#sprays.take(scope.signal))
  }

  async #punch(
    peer: string,
    plan: Plan,
    outside: Outside | undefined,
    leads: boolean,
    nonce: Uint8Array,
    scope: Scope
  ): Promise<void> {
    if (plan.kind === 'none' || outside == null || scope.isFound) return
    const signal = AbortSignal.any([scope.signal, AbortSignal.timeout(PUNCH)])
    const began = performance.now()
    const connection = await punch(this.#components, { peer, plan, local: outside.local, leads, nonce }, signal)
    this.#components.paths.mark(connection, 'punched')
    this.#log.debug('punched', { peer, how: plan.kind, took: Math.round(performance.now() - began) })
  }

  #connections(peer: string): Connection[] {
    return this.#components.connectionManager.getConnections(peerIdFromString(peer))
  }
}

const sleep = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms))
