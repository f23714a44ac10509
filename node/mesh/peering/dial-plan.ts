/**
 * Whom to look for: members that are lost may only be cut off, and so may peers that an earlier life of this one knew. A mesh that
 * fell apart grows together again because somebody looks. Pure.
 */
import type { MemberView } from '../../../protocols/control.ts'
import type { KnownPeer } from './address-book.ts'

/** Where a peer may be found. */
export interface DialTarget {
  /** Not known of the addresses in a ticket. */
  peer?: string
  addresses: string[]
}

/** All that are missing have had a dial after so many rounds, if they are not too many. */
const ROUNDS = 4
const MAX_DIALS = 8
/** So many of the members that are here look in each round; which ones is left to chance. */
const LOOKERS = 4

/** @returns members that are lost, and remembered peers of whom nobody here knows; not those that left in order */
export function missingOf(members: MemberView[], remembered: KnownPeer[]): DialTarget[] {
  const known = new Set(members.map(({ peer }) => peer))
  const lost = members.filter(({ state, addresses }) => state === 'lost' && addresses.length > 0)
  const unheard = remembered.filter(({ peer, left }) => left !== true && !known.has(peer))
  return [...lost, ...unheard].map(({ peer, addresses }) => ({ peer, addresses }))
}

/**
 * How many dials this peer spends on them in one round: few from each where many look, so that dead peers do not cost a large
 * mesh more than a small one.
 * @param here members that are here, this peer too
 * @param chance 0 .. 1, at random
 */
export function dialsFor(missing: number, here: number, chance: number): number {
  if (missing === 0 || chance >= LOOKERS / here) return 0
  return Math.min(MAX_DIALS, Math.ceil(missing / ROUNDS))
}
