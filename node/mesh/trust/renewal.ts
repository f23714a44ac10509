/**
 * Keeps this peer's proof from running out: asks an admin for a membership as soon as one can be reached, and again when half of
 * its life is over. Where this peer is an admin itself it gives memberships to others.
 */
import { showInstant } from '../../../protocols/duration.ts'
import { asBakError, BakError } from '../../../protocols/errors.ts'
import { checkProof, type Proof } from '../../../protocols/proof.ts'
import { askOne } from '../../../protocols/stream.ts'
import { renewProtocol } from '../../../protocols/trust.ts'
import { Backoff } from '../../backoff.ts'
import type { Log } from '../../log.ts'
import type { Streams } from '../streams.ts'
import type { Authority } from './authority.ts'
import { issueMembership } from './issue.ts'

/** After a try that brought nothing, ms. */
const TRIES = { first: 1_000, most: 600_000 }
/** Admins that are asked in one try. */
const MAX_ASKED = 4
/** The connection is news before its protocols are known, ms. */
const SETTLE = 200
const MAX_WAIT = 2 ** 31 - 1
/** How often it is said that no admin can be reached though the proof runs out soon, ms. */
const SAY = { first: 60_000, most: 3_600_000 }

export interface RenewalComponents {
  authority: Authority
  streams: Streams
  events: { addEventListener: AddListener; removeEventListener: AddListener }
}
type AddListener = (type: 'peer:identify', listener: () => void) => void

export interface RenewalInit {
  log: Log
  /** What a membership lasts that this peer gives, ms. */
  life: number
  self: string
  /** Whether the peer is thought to be in the mesh now. */
  isHere(peer: string): boolean
  /** Keeps the proof for the next start. */
  save(proof: Uint8Array): Promise<void>
}

export class Renewal {
  readonly #components: RenewalComponents
  readonly #init: RenewalInit
  readonly #log: Log
  readonly #stopped = new AbortController()
  readonly #say = new Backoff({ ...SAY, jitter: 0 })
  #backoff = new Backoff(TRIES)
  #timer: NodeJS.Timeout | undefined
  #asking = false
  #trouble: string | undefined

  constructor(components: RenewalComponents, init: RenewalInit) {
    this.#components = components
    this.#init = init
    this.#log = init.log.with({}, 'renewal')
  }

  /** libp2p starts only what has both. */
  start(): void {}
  stop(): void {}

  async afterStart(): Promise<void> {
    const { streams, events } = this.#components
    await streams.serve(renewProtocol, (_, { peer }) => this.#answer(peer))
    events.addEventListener('peer:identify', this.#onPeer)
    this.#plan()
  }

  async beforeStop(): Promise<void> {
    const { streams, events } = this.#components
    events.removeEventListener('peer:identify', this.#onPeer)
    this.#stopped.abort()
    clearTimeout(this.#timer)
    await streams.unserve(renewProtocol)
  }

  /** What keeps the proof of this peer from being renewed though it runs out soon. */
  get trouble(): string | undefined {
    return this.#trouble
  }

  async *#answer(peer: string): AsyncGenerator<{ proof: Uint8Array }> {
    const { authority } = this.#components
    const { issuer } = authority
    const held = authority.roll.proof(peer)
    if (issuer == null) throw new BakError('not-allowed', 'this peer is no admin')
    // the connection stands, so the proof was good a moment ago
    if (held == null || authority.roleOf(peer) == null) throw new BakError('not-allowed', `${peer} is not let in`)
    const proof = issueMembership(issuer, held, this.#init.life, Date.now())
    this.#log.info('membership given', { peer, role: held.role })
    const given = checkProof(authority.mesh, proof)
    if (given.expires >= held.expires) authority.learn(given)
    yield { proof }
  }

  /** An admin may have come. */
  readonly #onPeer = (): void => {
    const { own } = this.#components.authority
    if (own == null || Date.now() < dueAt(own)) return
    this.#backoff.reset()
    this.#wait(SETTLE)
  }

  #plan(): void {
    const { own } = this.#components.authority
    // the founder needs none
    if (own != null) this.#wait(Math.max(SETTLE, dueAt(own) - Date.now()))
  }

  #wait(length: number): void {
    clearTimeout(this.#timer)
    if (this.#stopped.signal.aborted) return
    this.#timer = setTimeout(() => void this.#try(), Math.min(MAX_WAIT, length)).unref()
  }

  async #try(): Promise<void> {
    const { own } = this.#components.authority
    if (own == null || this.#asking || this.#stopped.signal.aborted) return
    if (Date.now() < dueAt(own)) return this.#plan()
    this.#asking = true
    const renewed = await this.#ask().finally(() => {
      this.#asking = false
    })
    if (renewed) {
      this.#backoff = new Backoff({ first: TRIES.first, most: mostWait(this.#components.authority.own as Proof) })
      this.#say.reset()
      this.#trouble = undefined
      return this.#plan()
    }
    this.#warn(own)
    this.#wait(Math.min(this.#backoff.next(), mostWait(own)))
  }

  /** @returns whether an admin gave a better proof */
  async #ask(): Promise<boolean> {
    const { authority, streams } = this.#components
    const here = adminsOf(authority, this.#init.self).filter(peer => this.#init.isHere(peer))
    for (const peer of here.slice(0, MAX_ASKED)) {
      try {
        const { proof } = await askOne(streams.to(peer), renewProtocol, {}, { signal: this.#stopped.signal })
        if (!authority.renew(proof)) continue
        await this.#init.save(proof)
        const { expires } = authority.own as Proof
        this.#log.info('proof renewed', { by: peer, until: showInstant(expires) })
        return true
      } catch (cause) {
        this.#log.debug('no membership', { from: peer, why: asBakError(cause).message })
      }
    }
    return false
  }

  #warn(own: Proof): void {
    const left = own.expires - Date.now()
    if (left > (own.expires - own.issued) / 4) return
    const [state, why] =
      left > 0
        ? ['runs out soon', 'no admin could be reached; it is renewed as soon as one can']
        : ['has run out', 'ask an admin of the mesh for a new ticket']
    this.#trouble = `the proof of this peer ${state}: ${why}`
    if (!this.#say.due(performance.now())) return
    this.#log.warn(`the proof of this peer ${state}`, { at: showInstant(own.expires), why })
  }
}

/** An invitation is to be replaced at once, so that an admin has counted it; a membership when half of its life is over. */
export function dueAt({ invited, issued, expires }: Proof): number {
  return invited != null ? 0 : issued + (expires - issued) / 2
}

/** Of a short life not too much may pass between two tries. */
const mostWait = ({ issued, expires }: Proof): number => Math.max(250, Math.min(TRIES.most, (expires - issued) / 10))

/** @returns the founder first, then those nearest to it: an admin that is revoked drops all that hangs on its proof */
export function adminsOf(authority: Pick<Authority, 'mesh' | 'roll' | 'roleOf'>, self: string): string[] {
  const distance = (peer: string) => authority.roll.proof(peer)?.links.length ?? 0
  const admins = [authority.mesh, ...authority.roll.proofs().map(({ peer }) => peer)]
  return [...new Set(admins)]
    .filter(peer => peer !== self && authority.roleOf(peer) === 'admin')
    .sort((a, b) => distance(a) - distance(b))
}
