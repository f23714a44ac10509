/** Makes the tables of two peers that have connected equal; what travels is what one of them has not. */
import type { Envelope } from '../../../protocols/envelope.ts'
import { BakError } from '../../../protocols/errors.ts'
import { MAX_PEERS } from '../../../protocols/fields.ts'
import { RECORDS_PER_FRAME, recordsProtocol, type SyncRequest, type SyncResponse } from '../../../protocols/hello.ts'
import { call, type Exchange, type Opener } from '../../../protocols/stream.ts'
import type { Row, Table } from './table.ts'

/** Frames of records in one swap: as many as there may be members, and an empty one at the end. */
const MAX_FRAMES = Math.ceil(MAX_PEERS / RECORDS_PER_FRAME) + 1

export interface Syncing {
  table: Table
  /** Checks and learns records that come from `peer`; those of `lost` peers are of peers that it cannot reach. */
  take(records: Envelope[], peer: string, lost: string[] | undefined): void
}

/** The side that connected. */
export async function syncRecords(open: Opener, peer: string, { table, take }: Syncing): Promise<void> {
  const exchange = await call(open, recordsProtocol)
  try {
    const versions = table.rows().map(({ record }) => ({ peer: record.peer, version: record.version }))
    await exchange.send({ type: 'have', versions })
    for (let frames = 1; ; frames++) {
      const next = await exchange.receive()
      if (next === undefined) break
      if (frames > MAX_FRAMES) throw new BakError('bad-message', `${peer} gives more records than there may be members`)
      take(next.records, peer, next.lost)
      for (const rows of portions(rowsOf(table, next.want))) await exchange.send({ type: 'give', ...given(rows) })
      if (next.records.length < RECORDS_PER_FRAME) break
    }
  } catch (error) {
    exchange.abort(error as Error)
    throw error
  } finally {
    await exchange.close()
  }
}

/** The other side. */
export async function* answerSync(
  first: SyncRequest,
  { peer, receive }: Exchange<SyncRequest>,
  { table, take }: Syncing
): AsyncGenerator<SyncResponse> {
  // what was not asked for is not looked at, nor anything twice
  const wanted = new Set<string>()
  if (first.type === 'have') {
    const theirs = new Map(first.versions.map(each => [each.peer, each.version]))
    const newer = table.rows().filter(({ record }) => record.version > (theirs.get(record.peer) ?? -1))
    for (const { peer, version } of first.versions) {
      if (version > (table.get(peer)?.record.version ?? -1)) wanted.add(peer)
    }
    const frames = portions(newer)
    // the last frame is the one that is not full
    if (frames.at(-1)?.length === RECORDS_PER_FRAME || frames.length === 0) frames.push([])
    for (const [i, rows] of frames.entries()) {
      yield { ...given(rows), want: i === frames.length - 1 ? [...wanted] : [] }
    }
  }
  for (let next = await receive(); next !== undefined; next = await receive()) {
    if (next.type !== 'give') throw new BakError('bad-message', 'a swap begins once')
    take(
      next.records.filter(({ by }) => wanted.delete(by)),
      peer,
      next.lost
    )
  }
}

function rowsOf(table: Table, peers: string[]): Row[] {
  return [...new Set(peers)].map(peer => table.get(peer)).filter(row => row != null)
}

function given(rows: Row[]): { records: Envelope[]; lost?: string[] } {
  const lost = rows.filter(row => row.lost).map(row => row.record.peer)
  return { records: rows.map(row => row.sealed), ...(lost.length > 0 ? { lost } : {}) }
}

function portions<T>(all: T[]): T[][] {
  const count = Math.ceil(all.length / RECORDS_PER_FRAME)
  return Array.from({ length: count }, (_, i) => all.slice(i * RECORDS_PER_FRAME, (i + 1) * RECORDS_PER_FRAME))
}
