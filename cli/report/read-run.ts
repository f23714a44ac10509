/** What the folder of a result tells of its run: events of the journal and certificates, as far as they are there and can be read. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { decode } from '../../protocols/codec.ts'
import { envelope, peek } from '../../protocols/envelope.ts'
import { type StoredEvent, storedEvent } from '../../protocols/events.ts'
import { CERTIFICATES_FOLDER, JOURNAL_FILE, parseResultPath } from '../../protocols/layout.ts'
import { ackSubject, certificateSubject } from '../../protocols/phase.ts'
import { readPlain } from '../../protocols/plain-file.ts'
import type { AnsweredPhase } from './spans.ts'

/** Of a journal that is read into memory. */
const MAX_JOURNAL_BYTES = 256 * 1024 * 1024

/** @returns the events, without lines that are none: the last one of a run that goes on may be incomplete */
export async function readEvents(folder: string): Promise<StoredEvent[]> {
  const path = join(folder, JOURNAL_FILE)
  const { size } = await stat(path).catch(() => ({ size: 0 }))
  if (size === 0 || size > MAX_JOURNAL_BYTES) return []
  const text = (await readPlain(path)).toString()
  return text.split('\n').flatMap(line => {
    try {
      const event: unknown = JSON.parse(line)
      return v.is(storedEvent, event) ? [event as StoredEvent] : []
    } catch {
      return []
    }
  })
}

/** @returns the phases in their order, with their answers; signatures are the matter of `bak verify` */
export async function readPhases(folder: string): Promise<AnsweredPhase[]> {
  const names = (await readdir(join(folder, CERTIFICATES_FOLDER)).catch(() => [])).sort()
  const phases: AnsweredPhase[] = []
  for (const name of names) {
    const path = `${CERTIFICATES_FOLDER}/${name}`
    if (parseResultPath(path)?.kind !== 'certificate') continue
    try {
      const sealed = decode(envelope, new Uint8Array(await readPlain(join(folder, path))))
      const { acks, ...rest } = peek(certificateSubject, sealed)
      phases.push({ ...rest, acks: acks.map(each => ({ by: each.by, value: peek(ackSubject, each) })) })
    } catch {
      // a damaged one says nothing of times; bak verify names it
    }
  }
  return phases
}
