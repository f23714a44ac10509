/** Completes the record of a run whose daemon was killed with what no certificate says: its journal may be ahead of it. */
import type { StoredEvent } from '../../protocols/events.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { noteFiles } from './received.ts'

/** The record was written at the end of a phase, with the first of these events or all. */
export function rebuildRecord(record: RunRecord, events: StoredEvent[]): void {
  const all = <T extends StoredEvent['type']>(type: T) =>
    events.filter((event): event is Extract<StoredEvent, { type: T }> => event.type === type).map(facts)
  record.shortfalls = longer(record.shortfalls, all('shortfall'))
  const changes = events.flatMap(event => (event.type === 'tools-changed' ? [{ ...facts(event), at: event.at }] : []))
  if (changes.length > 0) record.tools = longer(record.tools ?? [], changes)
  record.beside = longer(record.beside, all('beside'))
  noteTarballs(record, events.filter(isReceived).slice(record.sent.length))
}

/** Adds tarballs that arrived, which the record does not name yet. */
export function noteTarballs(record: RunRecord, events: Received[]): void {
  for (const event of events) {
    const { took: _, renamed, refused, ...tarball } = facts(event)
    record.sent.push({ ...tarball, arrived: true })
    noteFiles(record, { renamed, refused })
  }
}

type Received = Extract<StoredEvent, { type: 'received' }>
export const isReceived = (event: StoredEvent): event is Received => event.type === 'received'

/** A journal that was damaged may be behind. */
const longer = <T>(known: T[], stored: T[]): T[] => (stored.length > known.length ? stored : known)

/** @returns what an entry of the record has of an event */
function facts<T extends StoredEvent>({ n: _, at: __, type: ___, ...rest }: T): Omit<T, 'n' | 'at' | 'type'> {
  return rest
}
