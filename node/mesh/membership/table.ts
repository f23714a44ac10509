/** The membership table as a value: which record wins, who is lost. Knows nothing of networks. */
import { isDeepStrictEqual } from 'node:util'
import type { Envelope } from '../../../protocols/envelope.ts'
import { MAX_PEERS } from '../../../protocols/fields.ts'
import type { MemberRecord } from '../../../protocols/hello.ts'

export interface Row {
  record: MemberRecord
  sealed: Envelope
  /** The record speaks of a living peer that cannot be reached. */
  lost: boolean
  /** When the state last changed, ms since 1970, on this peer's clock. */
  since: number
  /** When the record came, on the same clock. */
  heard: number
}

export const stateOf = (row: Row) => (row.lost ? 'lost' : row.record.state)
export const isHere = (row: Row) => !row.lost && row.record.state !== 'left'

/** Reports of losses that are remembered for records that may still come. */
const MAX_REPORTS = 1_024

export class Table {
  readonly #rows = new Map<string, Row>()
  /** The version with which each peer was reported lost: gossip may bring that record, or an older one, later. */
  readonly #reports = new Map<string, number>()
  readonly #most: number

  /** @param most members; a newcomer takes the place of who has been gone for longest, or has none */
  constructor(most = MAX_PEERS) {
    this.#most = most
  }

  /** @returns whether the record was news */
  learn(record: MemberRecord, sealed: Envelope, now: number): boolean {
    const known = this.#rows.get(record.peer)
    if (known != null && known.record.version >= record.version) return false
    if (known == null && this.#rows.size >= this.#most && !this.#makeRoom()) return false
    const lost = record.version <= (this.#reports.get(record.peer) ?? -1)
    const row = { record, sealed, lost, since: now, heard: now }
    if (known != null && stateOf(known) === stateOf(row)) row.since = known.since
    this.#rows.set(record.peer, row)
    return true
  }

  /** @returns whether a peer that was thought to be here is lost now; a report on an older record is void */
  lose(peer: string, version: number, now: number): boolean {
    this.#remember(peer, version)
    const row = this.#rows.get(peer)
    if (row == null || !isHere(row) || row.record.version > version) return false
    this.#rows.set(peer, { ...row, lost: true, since: now })
    return true
  }

  /** A peer that was thought lost is connected. @returns whether that was news */
  find(peer: string, now: number): boolean {
    this.#reports.delete(peer)
    const row = this.#rows.get(peer)
    if (row?.lost !== true) return false
    this.#rows.set(peer, { ...row, lost: false, since: now, heard: now })
    return true
  }

  /** Drops who left or was lost before `before`. */
  forget(before: number): void {
    for (const [peer, row] of this.#rows) if (!isHere(row) && row.since < before) this.#rows.delete(peer)
  }

  #remember(peer: string, version: number): void {
    const before = this.#reports.get(peer) ?? version
    this.#reports.delete(peer)
    this.#reports.set(peer, Math.max(before, version))
    if (this.#reports.size > MAX_REPORTS) this.#reports.delete(this.#reports.keys().next().value as string)
  }

  /** @returns whether somebody was gone */
  #makeRoom(): boolean {
    const gone = [...this.#rows.values()].filter(row => !isHere(row))
    const [first] = gone.sort((a, b) => a.since - b.since)
    return first != null && this.#rows.delete(first.record.peer)
  }

  /** Who is not let in any more. @returns whether it was there */
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

/** @returns whether a later record of a peer says no more than that it is still here */
export function saysTheSame(one: MemberRecord, other: MemberRecord): boolean {
  return isDeepStrictEqual({ ...one, version: 0 }, { ...other, version: 0 })
}

/** A peer's names from the shortest to the one that nobody else can have, each at most 64 letters. */
const forms = [
  ({ name }: MemberRecord) => name,
  ({ name, peer }: MemberRecord) => `${name.slice(0, 55)}#${peer.slice(-6)}`,
  ({ name, peer }: MemberRecord) => `${name.slice(0, 11)}#${peer}`
]

/**
 * One name for each peer: its own, or its own and the end of its id where several that are here have the same, or its whole
 * id where that is somebody's name, too. The earlier started keeps no privilege, so that all peers agree.
 */
export function shownNames(records: MemberRecord[]): Map<string, string> {
  const form = new Map(records.map(({ peer }) => [peer, 0]))
  const shown = (record: MemberRecord) => (forms[form.get(record.peer) as number] as (typeof forms)[number])(record)
  for (;;) {
    const alike = Map.groupBy(records, shown)
    const unclear = [...alike.values()].filter(peers => peers.length > 1).flat()
    if (unclear.length === 0) return new Map(records.map(record => [record.peer, shown(record)]))
    for (const { peer } of unclear) form.set(peer, Math.min((form.get(peer) as number) + 1, forms.length - 1))
  }
}
