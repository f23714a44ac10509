/** The journal of a run, and the warnings and refusals in it. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { type StoredEvent, storedEvent } from '../protocols/events.ts'
import { JOURNAL_FILE, stepFolder } from '../protocols/layout.ts'

export interface Complaint {
  /** The member, or `bak` for a warning of the controller. */
  by: string
  phase?: string
  step?: string
  text: string
}

/** @returns every warning of a member or the controller and every refusal; none if the folder has no journal */
export async function readComplaints(folder: string): Promise<Complaint[]> {
  return (await readJournal(folder)).flatMap(complaintsOf)
}

/** @returns the events in their order, none if the folder has no journal; a line that is no event is left out */
export async function readJournal(folder: string): Promise<StoredEvent[]> {
  const text = await readFile(join(folder, JOURNAL_FILE), 'utf8').catch(() => '')
  return text.split('\n').flatMap(line => parse(line) ?? [])
}

function complaintsOf(event: StoredEvent): Complaint[] {
  switch (event.type) {
    case 'ack': {
      const { name: by, phase, step, when, warnings = [] } = event
      return warnings.map(text => ({ by, phase, step: step == null ? when : stepFolder(step), text }))
    }
    case 'warning':
      return [{ by: 'bak', text: event.text }]
    case 'refused':
      return [{ by: event.peer, text: `refused ${event.what}: ${event.code}: ${event.reason}` }]
    default:
      return []
  }
}

/** The last line of a journal that is being written may be incomplete, and a folder may be anybody's. */
function parse(line: string): StoredEvent | undefined {
  try {
    const event: unknown = JSON.parse(line)
    return v.is(storedEvent, event) ? (event as StoredEvent) : undefined
  } catch {
    return undefined
  }
}
