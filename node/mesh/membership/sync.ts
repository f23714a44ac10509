/**
 * The exchange that makes the tables of two peers equal (anti-entropy), from both ends. Only records travel that the other side lacks or
 * has in an older version.
 */
import type { Envelope } from '../../../protocols/envelope.ts'
import { BakError } from '../../../protocols/errors.ts'
import { MAX_PEERS } from '../../../protocols/fields.ts'
import { RECORDS_PER_FRAME, type SyncRequest, type SyncResponse, syncProtocol } from '../../../protocols/hello.ts'
import { callWith, type Exchange, type Opener } from '../../../protocols/stream.ts'
import type { Row, Table } from './table.ts'

/** Frames of records in one sync: as many as there may be members, and an empty one at the end. */
const MAX_FRAMES = Math.ceil(MAX_PEERS / RECORDS_PER_FRAME) + 1

export interface SyncContext {
  table: Table
  /** Checks and learns records from `peer`; it cannot reach those of the `lost` peers. */
  learn(records: Envelope[], peer: string, lost: string[] | undefined): void
}

/** The caller's end. */
export function syncRecords(open: Opener, peer: string, { table, learn }: SyncContext): Promise<void> {
  return callWith(open, syncProtocol, {}, async exchange => {
    const versions = table.rows().map(({ record }) => ({ peer: record.peer, version: record.version }))
    await exchange.send({ type: 'have', versions })
    for (let frames = 1; ; frames++) {
      const next = await exchange.receive()
      if (next === undefined) break
      if (frames > MAX_FRAMES) throw new BakError('bad-message', `${peer} sends more records than a mesh may have`)
      learn(next.records, peer, next.lost)
      for (const rows of framesOf(rowsOf(table, next.want))) await exchange.send({ type: 'give', ...frameOf(rows) })
      if (next.records.length < RECORDS_PER_FRAME) break
    }
  })
}

/** The answering end. */
export async function* answerSync(
  first: SyncRequest,
  { peer, receive }: Exchange<SyncRequest>,
  { table, learn }: SyncContext
): AsyncGenerator<SyncResponse> {
  // records that were not asked for are ignored, and so is a second copy
  const wanted = new Set<string>()
  if (first.type === 'have') {
    const theirs = new Map(first.versions.map(each => [each.peer, each.version]))
    const newer = table.rows().filter(({ record }) => record.version > (theirs.get(record.peer) ?? -1))
    for (const { peer, version } of first.versions) {
      if (version > (table.get(peer)?.record.version ?? -1)) wanted.add(peer)
    }
    const frames = framesOf(newer)
    // a frame that is not full is the last
    if (frames.at(-1)?.length === RECORDS_PER_FRAME || frames.length === 0) frames.push([])
    for (const [i, rows] of frames.entries()) {
      yield { ...frameOf(rows), want: i === frames.length - 1 ? [...wanted] : [] }
    }
  }
  for (let next = await receive(); next !== undefined; next = await receive()) {
    if (next.type !== 'give') throw new BakError('bad-message', 'a second request in one sync')
    learn(
      next.records.filter(({ by }) => wanted.delete(by)),
      peer,
      next.lost
    )
  }
}

function rowsOf(table: Table, peers: string[]): Row[] {
  return [...new Set(peers)].map(peer => table.get(peer)).filter(row => row != null)
}

function frameOf(rows: Row[]): { records: Envelope[]; lost?: string[] } {
  const lost = rows.filter(row => row.lost).map(row => row.record.peer)
  return { records: rows.map(row => row.sealed), ...(lost.length > 0 ? { lost } : {}) }
}

function framesOf<T>(all: T[]): T[][] {
  const count = Math.ceil(all.length / RECORDS_PER_FRAME)
  return Array.from({ length: count }, (_, i) => all.slice(i * RECORDS_PER_FRAME, (i + 1) * RECORDS_PER_FRAME))
}
