/**
 * How the other peers behave. What no honest peer does is counted against who does it, and forgotten with time; who does too
 * much of it is cut off for a while, the longer the more often: its connections are closed and it is not let in again. It
 * learns why from the refusal.
 */
import type { ConnectionManager } from '@libp2p/interface-internal'
import { TypedEventEmitter } from 'main-event'
import type { Refusal } from '../../../protocols/admission.ts'
import { BakError } from '../../../protocols/errors.ts'
import type { Log } from '../../log.ts'
import { hangUp } from '../libp2p/hang-up.ts'

/** What counts against a peer, how much, and what it is called. At 100 it is cut off. */
export const violations = {
  /** Whoever passes a message on has checked it. */
  'bad-gossip': { points: 10, words: 'messages on a topic that are not what they should be' },
  /** Each is dropped undecoded, so many come before anyone is sure. */
  'too-much-gossip': { points: 0.05, words: 'more gossip than any peer has to say' },
  /** A peer of another version may be wrong now and then. */
  'bad-request': { points: 2, words: 'requests that are not what they should be' },
  'too-many-streams': { points: 0.5, words: 'more streams than any peer needs' },
  'too-many-connections': { points: 4, words: 'more connections than any peer needs' }
} as const
export type Violation = keyof typeof violations

const CUT_OFF_AT = 100
/** Half of what counts against a peer is forgotten in this time, ms. */
const HALF_LIFE = 60_000
/** How long a peer is cut off the first time, and at most; each time twice as long as the one before, ms. */
const FIRST = 60_000
const LONGEST = 3_600_000
/** Who has behaved for so long begins anew, ms. */
const FORGIVEN = 86_400_000
/** Peers that are kept in mind; who offended longest ago goes first. */
const MAX_PEERS = 4096

interface Record {
  points: number
  /** When `points` were right, ms of a clock that never goes back. */
  at: number
  /** How often it was cut off, and until when. */
  times: number
  until: number
}

export interface PeerScoreInit {
  log: Log
  /** ms, of a clock that never goes back */
  now?(): number
  /** What people call a peer. */
  nameOf?(peer: string): string | undefined
}

export interface PeerScoreEvents {
  'cut-off': CustomEvent<{ peer: string }>
}

export class PeerScore extends TypedEventEmitter<PeerScoreEvents> {
  readonly #init: PeerScoreInit
  readonly #log: Log
  readonly #now: () => number
  readonly #records = new Map<string, Record>()
  #connections: ConnectionManager | undefined

  constructor(init: PeerScoreInit) {
    super()
    this.#init = init
    this.#log = init.log.with({}, 'conduct')
    this.#now = init.now ?? (() => performance.now())
  }

  /** Made before libp2p, which asks it whom to let in; becomes one of its services here. */
  serve(components: { connectionManager: ConnectionManager }): this {
    this.#connections = components.connectionManager
    return this
  }

  /** libp2p starts only what has both. */
  start(): void {}

  stop(): void {
    this.#connections = undefined
  }

  /** @param times how often, where it was counted elsewhere */
  note(peer: string, offence: Violation, times = 1): void {
    const record = this.#at(peer)
    if (record.until > record.at) return
    record.points += violations[offence].points * times
    if (record.points >= CUT_OFF_AT) this.#cutOff(peer, record, offence)
  }

  /** @returns what counts against a peer now; 0 for one that has done nothing, 100 and more for one that is cut off */
  points(peer: string): number {
    const record = this.#records.get(peer)
    if (record == null) return 0
    return record.until > this.#now() ? CUT_OFF_AT : faded(record, this.#now())
  }

  isCutOff(peer: string): boolean {
    const record = this.#records.get(peer)
    return record != null && record.until > this.#now()
  }

  /** @returns why a peer is not let in; undefined if it may come */
  refusal(peer: string): Refusal | undefined {
    const record = this.#records.get(peer)
    const left = (record?.until ?? 0) - this.#now()
    if (left <= 0) return undefined
    return { code: 'cut-off', reason: `it sent too much, and is cut off for another ${Math.ceil(left / 1000)} s` }
  }

  #at(peer: string): Record {
    const now = this.#now()
    const known = this.#records.get(peer) ?? { points: 0, at: now, times: 0, until: Number.NEGATIVE_INFINITY }
    this.#records.delete(peer)
    this.#records.set(peer, known)
    if (this.#records.size > MAX_PEERS) this.#records.delete(this.#records.keys().next().value as string)
    if (known.times > 0 && now - known.until > FORGIVEN) known.times = 0
    known.points = faded(known, now)
    known.at = now
    return known
  }

  #cutOff(peer: string, record: Record, offence: Violation): void {
    const length = Math.min(LONGEST, FIRST * 2 ** record.times)
    record.until = record.at + length
    record.times++
    record.points = 0
    this.#log.warn('peer cut off', {
      from: peer,
      name: this.#init.nameOf?.(peer),
      code: offence,
      why: violations[offence].words,
      seconds: length / 1000
    })
    if (this.#connections != null) hangUp(this.#connections, peer, new BakError('not-allowed', 'it sent too much'))
    this.dispatchEvent(new CustomEvent('cut-off', { detail: { peer } }))
  }
}

const faded = ({ points, at }: Record, now: number) => points * 0.5 ** ((now - at) / HALF_LIFE)
