/**
 * Decides which peers to search for. Lost members may only be on the other side of a partition, and so may peers that an earlier life of
 * this one knew: the sides of a partition find each other because some members keep dialling. Pure.
 */
import type { MemberView } from '../../../protocols/control.ts'
import type { KnownPeer } from './address-book.ts'

export interface DialTarget {
  /** Unknown for the addresses in a ticket. */
  peer?: string
  addresses: string[]
}

/** All missing peers are dialled within so many rounds, unless there are too many. */
const ROUNDS = 4
const MAX_DIALS_OF_ROUND = 8
/** The number of members that search in a round, on average; which ones is random. */
const SEARCHERS = 4

/** @returns lost members, and known peers that are not in the table; not those that have left */
export function missingOf(members: MemberView[], known: KnownPeer[]): DialTarget[] {
  const inTable = new Set(members.map(({ peer }) => peer))
  const lost = members.filter(({ state, addresses }) => state === 'lost' && addresses.length > 0)
  const absent = known.filter(({ peer, left }) => left !== true && !inTable.has(peer))
  return [...lost, ...absent].map(({ peer, addresses }) => ({ peer, addresses }))
}

/**
 * Shares the dials to missing peers among the members, so that dead peers do not cost a large mesh more than a small one.
 * @param here number of members that are here, this peer included
 * @param random 0 up to, but without, 1
 * @returns how many dials this peer makes in this round
 */
export function dialsFor(missing: number, here: number, random: number): number {
  if (missing === 0 || random >= SEARCHERS / here) return 0
  return Math.min(MAX_DIALS_OF_ROUND, Math.ceil(missing / ROUNDS))
}
