/** The membership table as a value: which record of a peer wins, and which peers are lost. Knows nothing of networks. */
import { isDeepStrictEqual } from 'node:util'
import type { Envelope } from '../../../protocols/envelope.ts'
import { MAX_PEERS } from '../../../protocols/fields.ts'
import type { MemberRecord } from '../../../protocols/hello.ts'
import { BoundedMap } from '../../bounded-map.ts'

export interface Row {
  record: MemberRecord
  sealed: Envelope
  /** The peer cannot be reached, though its record says that it is alive. */
  lost: boolean
  /** When the state changed last, ms since 1970 on this peer's clock. */
  since: number
  /** When the record was received, on the same clock. */
  receivedAt: number
}

export const stateOf = (row: Row) => (row.lost ? 'lost' : row.record.state)
export const isHere = (row: Row) => !row.lost && row.record.state !== 'left'

/** Reports of losses that are kept for records that may still come. */
const MAX_REPORTS = 1_024

export class Table {
  readonly #rows = new Map<string, Row>()
  /** The version with which each peer was reported lost: gossip may deliver that record, or an older one, later. */
  readonly #reports = new BoundedMap<string, number>(MAX_REPORTS)
  /** The version with which each peer was forgotten: another peer may still have that record. */
  readonly #forgotten = new BoundedMap<string, number>(MAX_REPORTS)
  readonly #capacity: number

  /** @param capacity of members; in a full table a newcomer takes the place of the peer that has been gone for longest */
  constructor(capacity = MAX_PEERS) {
    this.#capacity = capacity
  }

  /** @returns whether the record was news */
  learn(record: MemberRecord, sealed: Envelope, now: number): boolean {
    if (record.version <= (this.#forgotten.get(record.peer) ?? -1)) return false
    const known = this.#rows.get(record.peer)
    if (known != null && known.record.version >= record.version) return false
    if (known == null && this.#rows.size >= this.#capacity && !this.#makeRoom()) return false
    const lost = record.version <= (this.#reports.get(record.peer) ?? -1)
    const row = { record, sealed, lost, since: now, receivedAt: now }
    if (known != null && stateOf(known) === stateOf(row)) row.since = known.since
    this.#rows.set(record.peer, row)
    return true
  }

  /**
   * @param version of the record with which the peer was lost; a report on an older record has no effect
   * @returns whether the peer was here before
   */
  markLost(peer: string, version: number, now: number): boolean {
    this.#reports.set(peer, Math.max(version, this.#reports.get(peer) ?? version))
    const row = this.#rows.get(peer)
    if (row == null || !isHere(row) || row.record.version > version) return false
    this.#rows.set(peer, { ...row, lost: true, since: now })
    return true
  }

  /** @returns whether the peer was lost before */
  markConnected(peer: string, now: number): boolean {
    this.#reports.delete(peer)
    const row = this.#rows.get(peer)
    if (row?.lost !== true) return false
    this.#rows.set(peer, { ...row, lost: false, since: now, receivedAt: now })
    return true
  }

  /**
   * Drops a peer that is gone, until it announces itself again.
   * @param version of the record with which it was forgotten
   * @returns whether it was in the table
   */
  forget(peer: string, version: number): boolean {
    const row = this.#rows.get(peer)
    if (row != null && (isHere(row) || row.record.version > version)) return false
    this.#forgotten.set(peer, version)
    return this.#rows.delete(peer)
  }

  /** Drops peers that left or were lost before this time. */
  expire(before: number): void {
    for (const [peer, row] of this.#rows) if (!isHere(row) && row.since < before) this.#rows.delete(peer)
  }

  /** @returns whether a peer that is gone could be dropped */
  #makeRoom(): boolean {
    const gone = [...this.#rows.values()].filter(row => !isHere(row))
    const [first] = gone.sort((a, b) => a.since - b.since)
    return first != null && this.#rows.delete(first.record.peer)
  }

  /** Drops a peer that is not a member any more. @returns whether it was in the table */
  remove(peer: string): boolean {
    return this.#rows.delete(peer)
  }

  get size(): number {
    return this.#rows.size
  }

  get(peer: string): Row | undefined {
    return this.#rows.get(peer)
  }

  rows(): Row[] {
    return [...this.#rows.values()]
  }
}

/** @returns whether two records of a peer differ in their version only */
export function isSameState(one: MemberRecord, other: MemberRecord): boolean {
  return isDeepStrictEqual({ ...one, version: 0 }, { ...other, version: 0 })
}

/** A peer's names from the shortest to the unique one, each at most 64 characters. */
const forms = [
  ({ name }: MemberRecord) => name,
  ({ name, peer }: MemberRecord) => `${name.slice(0, 55)}#${peer.slice(-6)}`,
  ({ name, peer }: MemberRecord) => `${name.slice(0, 11)}#${peer}`
]

/**
 * One name for each peer: its own; or with the end of its id where several have the same; or with its whole id where that is somebody's
 * name too. An earlier start gives no precedence, so that all peers agree.
 */
export function shownNames(records: MemberRecord[]): Map<string, string> {
  const form = new Map(records.map(({ peer }) => [peer, 0]))
  const shown = (record: MemberRecord) => (forms[form.get(record.peer) as number] as (typeof forms)[number])(record)
  for (;;) {
    const alike = Map.groupBy(records, shown)
    const ambiguous = [...alike.values()].filter(peers => peers.length > 1).flat()
    if (ambiguous.length === 0) return new Map(records.map(record => [record.peer, shown(record)]))
    for (const { peer } of ambiguous) form.set(peer, Math.min((form.get(peer) as number) + 1, forms.length - 1))
  }
}
