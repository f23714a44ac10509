/**
 * Scores how other peers behave. A violation, which no honest peer commits, gives points that decay with time; a peer with too many is
 * cut off for a while, twice as long each time: its connections are closed, it is not let in, and the refusal tells it why.
 */
import type { ConnectionManager } from '@libp2p/interface-internal'
import { TypedEventEmitter } from 'main-event'
import type { Refusal } from '../../../protocols/admission.ts'
import { BakError } from '../../../protocols/errors.ts'
import { BoundedMap } from '../../bounded-map.ts'
import type { Log } from '../../log.ts'
import { hangUp } from '../libp2p/hang-up.ts'
import type { Admission } from '../trust/proof-exchange.ts'

/** The points of each violation, of `CUT_OFF_POINTS`, and how it reads in the log. */
export const violations = {
  /** A peer that passes a message on has checked it. */
  'bad-gossip': { points: 10, words: 'invalid messages on a topic' },
  /** Each is dropped undecoded, so that many may come before the peer is cut off. */
  'too-much-gossip': { points: 0.05, words: 'more gossip than a peer may send' },
  /** A peer of another version may send one now and then. */
  'bad-request': { points: 2, words: 'invalid requests' },
  'too-many-streams': { points: 0.5, words: 'more streams than a peer may open' },
  'too-many-connections': { points: 4, words: 'more connections than a peer may open' }
} as const
export type Violation = keyof typeof violations

const CUT_OFF_POINTS = 100
/** Half of a peer's points decay in this time. */
const HALF_LIFE_MS = 60_000
/** How long a peer is cut off the first time, and at most. */
const FIRST_CUT_OFF_MS = 60_000
const MAX_CUT_OFF_MS = 3_600_000
/** After so long without a violation the next cut-off is a first one again. */
const FORGIVEN_AFTER_MS = 86_400_000
/** Peers whose score is kept; the one with the oldest violation goes first. */
const MAX_PEERS = 4096

interface Score {
  points: number
  /** The time to which `points` have decayed, monotonic ms. */
  at: number
  /** How often the peer was cut off, and until when, monotonic ms. */
  times: number
  until: number
}

export interface PeerScoreInit {
  log: Log
  /** ms, of a monotonic clock */
  now?(): number
  /** @returns the name of a peer for the log */
  nameOf?(peer: string): string | undefined
}

export interface PeerScoreEvents {
  'cut-off': CustomEvent<{ peer: string }>
}

export class PeerScore extends TypedEventEmitter<PeerScoreEvents> {
  readonly #init: PeerScoreInit
  readonly #log: Log
  readonly #now: () => number
  readonly #scores = new BoundedMap<string, Score>(MAX_PEERS)
  #connections: Pick<ConnectionManager, 'getConnections'> | undefined

  constructor(init: PeerScoreInit) {
    super()
    this.#init = init
    this.#log = init.log.with({}, 'peer-score')
    this.#now = init.now ?? (() => performance.now())
  }

  /** The connection gater needs the score before libp2p has components: it becomes one of the services here. */
  serve(components: { connectionManager: Pick<ConnectionManager, 'getConnections'> }): this {
    this.#connections = components.connectionManager
    return this
  }

  /** Counts a violation. @param times how often, if the caller has counted */
  note(peer: string, violation: Violation, times = 1): void {
    const score = this.#touch(peer)
    if (score.until > score.at) return
    score.points += violations[violation].points * times
    if (score.points >= CUT_OFF_POINTS) this.#cutOff(peer, score, violation)
  }

  /** @returns the points of a peer now: 0 for one without violations, 100 for one that is cut off */
  points(peer: string): number {
    const score = this.#scores.get(peer)
    if (score == null) return 0
    return score.until > this.#now() ? CUT_OFF_POINTS : decayed(score, this.#now())
  }

  isCutOff(peer: string): boolean {
    const score = this.#scores.get(peer)
    return score != null && score.until > this.#now()
  }

  /** @returns why a peer is not let in; undefined if it may connect */
  refusal(peer: string): Refusal | undefined {
    const score = this.#scores.get(peer)
    const left = (score?.until ?? 0) - this.#now()
    if (left <= 0) return undefined
    return { code: 'cut-off', reason: `the peer sent too much and is cut off for another ${Math.ceil(left / 1000)} s` }
  }

  #touch(peer: string): Score {
    const now = this.#now()
    const score = this.#scores.get(peer) ?? { points: 0, at: now, times: 0, until: Number.NEGATIVE_INFINITY }
    this.#scores.set(peer, score)
    if (score.times > 0 && now - score.until > FORGIVEN_AFTER_MS) score.times = 0
    score.points = decayed(score, now)
    score.at = now
    return score
  }

  #cutOff(peer: string, score: Score, violation: Violation): void {
    const length = Math.min(MAX_CUT_OFF_MS, FIRST_CUT_OFF_MS * 2 ** score.times)
    score.until = score.at + length
    score.times++
    score.points = 0
    this.#log.warn('peer cut off', {
      from: peer,
      name: this.#init.nameOf?.(peer),
      code: violation,
      why: violations[violation].words,
      seconds: length / 1000
    })
    if (this.#connections != null)
      hangUp(this.#connections, peer, new BakError('not-allowed', 'the peer sent too much'))
    this.dispatchEvent(new CustomEvent('cut-off', { detail: { peer } }))
  }
}

const decayed = ({ points, at }: Score, now: number) => points * 0.5 ** ((now - at) / HALF_LIFE_MS)

/** @returns an admission that refuses peers that are cut off, whatever their proof, and tells them the reason */
export function refuseCutOff(peerScore: Pick<PeerScore, 'refusal'>, admission: Admission): Admission {
  return {
    get ownProofBytes() {
      return admission.ownProofBytes
    },
    judge: (peer, shown, generation) => peerScore.refusal(peer) ?? admission.judge(peer, shown, generation)
  }
}
