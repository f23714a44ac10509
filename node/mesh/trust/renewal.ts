/**
 * Keeps this peer's proof from running out: asks an admin for a membership as soon as one can be reached, and again at half of
 * its lifetime. An admin serves the other end, and issues memberships to the peers that ask.
 */
import type { Libp2pEvents, TypedEventTarget } from '@libp2p/interface'
import { MAX_TIMER_MS, showInstant } from '../../../protocols/duration.ts'
import { asBakError, BakError } from '../../../protocols/errors.ts'
import { checkProof, type Proof } from '../../../protocols/proof.ts'
import { askOne } from '../../../protocols/stream.ts'
import { renewProtocol } from '../../../protocols/trust-entries.ts'
import { Backoff } from '../../backoff.ts'
import { listen } from '../../listen.ts'
import type { Log } from '../../log.ts'
import { Part } from '../../part.ts'
import type { Streams } from '../streams.ts'
import type { Authority } from './authority.ts'
import { issueMembership } from './issue.ts'

/** Delays between tries that brought no membership, ms. */
const RETRY_BACKOFF_MS = { first: 1_000, most: 600_000 }
/** Admins that are asked in one try. */
const MAX_ADMINS_ASKED = 4
/** Delay after a peer is identified: the first try is made with what it serves registered. */
const FIRST_TRY_DELAY_MS = 200
/** Delays between warnings that no admin can be reached though the proof runs out soon, ms. */
const WARN_BACKOFF_MS = { first: 60_000, most: 3_600_000 }

export interface RenewalInit {
  log: Log
  /** Lifetime of the memberships that this peer issues, ms. */
  lifetime: number
  self: string
  /** Whether the membership table has the peer as present. */
  isHere(peer: string): boolean
  /** Stores the proof for the next start. */
  save(proof: Uint8Array): Promise<void>
}

export class Renewal extends Part<
  { authority: Authority; streams: Streams; events: Pick<TypedEventTarget<Libp2pEvents>, 'addEventListener'> },
  RenewalInit
> {
  readonly #log = this.init.log.with({}, 'renewal')
  readonly #warnBackoff = new Backoff({ ...WARN_BACKOFF_MS, jitter: 0 })
  #backoff = new Backoff(RETRY_BACKOFF_MS)
  #timer: NodeJS.Timeout | undefined
  #asking = false
  #warning: string | undefined

  async afterStart(): Promise<void> {
    const { streams, events } = this.components
    await streams.serve(renewProtocol, (_, { peer }) => this.#answer(peer))
    listen<Libp2pEvents>(events, this.stopped, { 'peer:identify': () => this.#onPeer() })
    this.#plan()
  }

  beforeStop(): void {
    this.stop()
    clearTimeout(this.#timer)
  }

  /** Why the proof of this peer was not renewed though it runs out soon. */
  get warning(): string | undefined {
    return this.#warning
  }

  async *#answer(peer: string): AsyncGenerator<{ proof: Uint8Array }> {
    const { authority } = this.components
    const { issuer } = authority
    const held = authority.proofRegistry.proof(peer)
    if (issuer == null) throw new BakError('not-allowed', 'this peer is no admin')
    // the connection is open, so the proof was valid a moment ago
    if (held == null || authority.roleOf(peer) == null) throw new BakError('not-allowed', `${peer} is not admitted`)
    const proof = issueMembership(issuer, held, this.init.lifetime, Date.now())
    this.#log.info('membership issued', { peer, role: held.role })
    const issued = checkProof(authority.mesh, proof)
    if (issued.expires >= held.expires) authority.learn(issued)
    yield { proof }
  }

  /** The peer may be an admin. */
  #onPeer(): void {
    const { ownProof } = this.components.authority
    if (ownProof == null || Date.now() < dueAt(ownProof)) return
    this.#backoff.reset()
    this.#tryAfter(FIRST_TRY_DELAY_MS)
  }

  #plan(): void {
    const { ownProof } = this.components.authority
    // the founder has none
    if (ownProof != null) this.#tryAfter(Math.max(FIRST_TRY_DELAY_MS, dueAt(ownProof) - Date.now()))
  }

  #tryAfter(delay: number): void {
    clearTimeout(this.#timer)
    if (this.stopped.aborted) return
    this.#timer = setTimeout(() => void this.#try(), Math.min(MAX_TIMER_MS, delay)).unref()
  }

  async #try(): Promise<void> {
    const { ownProof } = this.components.authority
    if (ownProof == null || this.#asking || this.stopped.aborted) return
    if (Date.now() < dueAt(ownProof)) return this.#plan()
    this.#asking = true
    const renewed = await this.#ask().finally(() => {
      this.#asking = false
    })
    if (renewed) {
      this.#backoff = new Backoff({
        first: RETRY_BACKOFF_MS.first,
        most: maxRetryDelay(this.components.authority.ownProof as Proof)
      })
      this.#warnBackoff.reset()
      this.#warning = undefined
      return this.#plan()
    }
    this.#warn(ownProof)
    this.#tryAfter(Math.min(this.#backoff.next(), maxRetryDelay(ownProof)))
  }

  /** @returns whether an admin issued a better proof */
  async #ask(): Promise<boolean> {
    const { authority, streams } = this.components
    const present = adminsOf(authority, this.init.self).filter(peer => this.init.isHere(peer))
    for (const peer of present.slice(0, MAX_ADMINS_ASKED)) {
      try {
        const { proof } = await askOne(streams.to(peer), renewProtocol, {}, { signal: this.stopped })
        if (!authority.replaceOwnProof(proof)) continue
        await this.init.save(proof)
        const { expires } = authority.ownProof as Proof
        this.#log.info('proof renewed', { by: peer, until: showInstant(expires) })
        return true
      } catch (cause) {
        this.#log.debug('no membership received', { from: peer, why: asBakError(cause).message })
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
    this.#warning = `the proof of this peer ${state}: ${why}`
    if (!this.#warnBackoff.due(performance.now())) return
    this.#log.warn(`the proof of this peer ${state}`, { at: showInstant(own.expires), why })
  }
}

/** @returns when a proof is to be replaced: an invitation at once, so that an admin counts its use; a membership at half of its lifetime */
export function dueAt({ invited, issued, expires }: Proof): number {
  return invited != null ? 0 : issued + (expires - issued) / 2
}

/** A tenth of the lifetime at most passes between two tries. */
const maxRetryDelay = ({ issued, expires }: Proof): number =>
  Math.max(250, Math.min(RETRY_BACKOFF_MS.most, (expires - issued) / 10))

/** @returns the founder first, then by length of the chain: a revoked admin voids all proofs below its own */
export function adminsOf(authority: Pick<Authority, 'mesh' | 'proofRegistry' | 'roleOf'>, self: string): string[] {
  const distance = (peer: string) => authority.proofRegistry.proof(peer)?.links.length ?? 0
  const admins = [authority.mesh, ...authority.proofRegistry.proofs().map(({ peer }) => peer)]
  return [...new Set(admins)]
    .filter(peer => peer !== self && authority.roleOf(peer) === 'admin')
    .sort((a, b) => distance(a) - distance(b))
}
