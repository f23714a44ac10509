/** The steps of one attempt at a direct connection to a peer, as either end takes them: dial, observe a port, plan, punch. */
import { networkInterfaces } from 'node:os'
import type { Connection, Libp2pEvents, PeerId, TypedEventTarget } from '@libp2p/interface'
import type { AddressManager } from '@libp2p/interface-internal'
import { isPrivate } from '@libp2p/utils'
import { MAX_OFFERED_ADDRESSES, type Offer } from '../../../protocols/direct.ts'
import type { Envelope } from '../../../protocols/envelope.ts'
import { asBakError, BakError } from '../../../protocols/errors.ts'
import { type Endpoint, openProof } from '../../../protocols/observe.ts'
import type { Log } from '../../log.ts'
import { Part } from '../../part.ts'
import { pause } from '../../wait.ts'
import type { Members } from '../membership/members.ts'
import type { Paths } from '../paths/paths.ts'
import { isRelayed } from '../reachability/addresses.ts'
import { listOf, networksOf } from '../reachability/networks.ts'
import type { Reachability } from '../reachability/own-reachability.ts'
import type { Relays } from '../relay/relays.ts'
import type { AttemptLimit } from './attempt-limit.ts'
import { type ConnectComponents, dialAny, punch } from './connect.ts'
import { anyPublic, rankDialAddresses } from './dial-addresses.ts'
import { type ObservedPort, observePort } from './observe.ts'
import { type Plan, planPunch } from './punch-plan.ts'
import { AttemptScope } from './scope.ts'

/** Times for a whole attempt, and in it for an observation, for dials, and for a punch. */
const ATTEMPT_TIMEOUT_MS = 20_000
const OBSERVE_TIMEOUT_MS = 3_000
const DIAL_TIMEOUT_MS = 2_500
const PUNCH_TIMEOUT_MS = 6_000

export interface AttemptComponents extends ConnectComponents {
  peerId: PeerId
  events: Pick<TypedEventTarget<Libp2pEvents>, 'addEventListener'>
  addressManager: Pick<AddressManager, 'getAddresses'>
  members: Pick<Members, 'get'>
  relays: Pick<Relays, 'observers'>
  reachability: Pick<Reachability, 'noteObserved'>
  paths: Pick<Paths, 'mark'>
}

export interface AttemptInit {
  log: Log
  peer: string
  /** Of the relayed connection: a direct one in the other direction is a reversed one. */
  direction: Connection['direction']
  signal: AbortSignal
  /** Bounds attempts that need many ports. */
  manyPorts: AttemptLimit
}

export class Attempt extends Part<AttemptComponents, AttemptInit> {
  readonly scope = new AttemptScope(
    this.components.events,
    this.init.peer,
    AbortSignal.any([this.init.signal, AbortSignal.timeout(ATTEMPT_TIMEOUT_MS)]),
    connection => {
      // a punched connection is marked after this, by `punch`
      if (connection.direction === this.init.direction || isPrivate(connection.remoteAddr)) return
      this.components.paths.mark(connection, 'reversed')
    }
  )
  readonly #dials: Promise<void>[] = []
  #observed: ObservedPort | undefined
  #plan: Plan = { kind: 'none', reason: 'no offer was received' }

  /** Starts to dial the addresses that may be reached; the scope ends when one of the dials succeeds. */
  dial(addresses: string[]): void {
    this.#dials.push(this.#dial(addresses))
  }

  /** Opens a port and has it observed; it stays open until the attempt ends. */
  async offer(): Promise<Omit<Offer, 'type'>> {
    this.#observed = await this.#observe()
    const addresses = this.components.addressManager
      .getAddresses()
      .map(String)
      .filter(each => !isRelayed(each))
    return { addresses: addresses.slice(0, MAX_OFFERED_ADDRESSES), proofs: this.#observed?.proofs ?? [] }
  }

  /** To be called after `offer`. */
  plan({ proofs }: Offer): void {
    const { peerId, members } = this.components
    const theirs = verifyEndpoints(proofs, this.init.peer, peerId.toString(), members)
    this.#plan = planPunch(this.#observed?.endpoints ?? [], theirs)
  }

  /** Waits for the dials, where an address can be dialled from everywhere or punching is pointless. */
  async awaitDials(addresses: string[]): Promise<void> {
    const isLikely = anyPublic(addresses)
    if (!isLikely && this.#plan.kind !== 'none') return
    const dialled = Promise.all([...this.#dials, pause(isLikely ? DIAL_TIMEOUT_MS : 0, this.scope.signal)])
    await Promise.race([this.scope.settled, dialled])
  }

  /** Waits until a punch may begin. @throws {BakError} `unreachable` where it is pointless, `busy` where there are too many */
  async preparePunch(): Promise<void> {
    const { scope } = this
    if (this.#plan.kind === 'none') throw new BakError('unreachable', this.#plan.reason)
    if (this.#plan.kind !== 'one') scope.onEnd(await this.init.manyPorts.acquire(scope.signal))
  }

  async punch(leads: boolean, nonce: Uint8Array): Promise<void> {
    const { peer, log } = this.init
    const plan = this.#plan
    if (plan.kind === 'none' || this.#observed == null || this.scope.isConnected) return
    const { localPort } = this.#observed
    const signal = AbortSignal.any([this.scope.signal, AbortSignal.timeout(PUNCH_TIMEOUT_MS)])
    const began = performance.now()
    const connection = await punch(this.components, { peer, plan, localPort, leads, nonce }, signal)
    this.components.paths.mark(connection, 'punched')
    log.debug('punched', { peer, how: plan.kind, took: Math.round(performance.now() - began) })
  }

  async #dial(addresses: string[]): Promise<void> {
    const { peer, log } = this.init
    const ranked = rankDialAddresses(addresses, listOf(networksOf(Object.values(networkInterfaces()))))
    if (ranked.length === 0) return
    const signal = AbortSignal.any([this.scope.signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)])
    await dialAny(this.components, peer, ranked, signal).catch(error =>
      log.debug('not dialled', { peer, why: error.message })
    )
  }

  async #observe(): Promise<ObservedPort | undefined> {
    const { peerId, relays, reachability } = this.components
    const signal = AbortSignal.any([this.scope.signal, AbortSignal.timeout(OBSERVE_TIMEOUT_MS)])
    try {
      const observed = await observePort(peerId.toString(), relays.observers(), signal)
      this.scope.onEnd(observed.release)
      reachability.noteObserved(observed.endpoints)
      return observed
    } catch (error) {
      this.init.log.debug('port not observed', { why: asBakError(error).message })
      return undefined
    }
  }
}

/**
 * @returns the public endpoints of a peer's port, as relays observed them
 * @throws {BakError} `not-allowed` for an observer that is no relay, `bad-signature`, `bad-message`
 */
function verifyEndpoints(proofs: Envelope[], peer: string, self: string, members: Pick<Members, 'get'>): Endpoint[] {
  return proofs.map(proof => {
    const { by, endpoint } = openProof(proof, peer)
    if (by === self || members.get(by)?.relay === true) return endpoint
    throw new BakError('not-allowed', `${by} is no relay, so it cannot have observed a port`)
  })
}
