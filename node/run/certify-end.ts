/** Certifies that a run is over which its controller's daemon did not live to end: for those who take part, and for the mesh. */
import { encode } from '../../protocols/codec.ts'
import { digestOf } from '../../protocols/digest.ts'
import { seal } from '../../protocols/envelope.ts'
import { certificateFile, OFFER_FILE } from '../../protocols/layout.ts'
import type { Notice } from '../../protocols/notice.ts'
import { type Certificate, certificateSubject } from '../../protocols/phase.ts'
import { now } from '../now.ts'
import type { ResultToSeal } from './sealing.ts'

/**
 * Nobody answered this `terminate`: its certificate only says, signed, that the run is over.
 * @returns what the mesh must hear; nothing where nobody was asked to join, or all had heard of the end
 */
export async function certifyEnd({
  folder,
  record,
  events,
  signer
}: Omit<ResultToSeal, 'announced'>): Promise<Notice | undefined> {
  const { run, epoch, manifest, roster, excluded, reason } = record
  const offer = await folder.readEnvelope(OFFER_FILE).catch(() => undefined)
  const subject = manifest ?? (offer == null ? undefined : digestOf(encode(offer)))
  const { past } = events
  const isClosed = past.some(event => event.type === 'phase-closed' && event.phase === 'terminate')
  if (subject == null || isClosed) return undefined
  const seq = 1 + Math.max(0, ...past.map(event => ('seq' in event ? event.seq : 0)))
  const asked = Math.max(1, roster.length - excluded.length)
  const outcome = { seq, phase: 'terminate' as const, subject, verdict: 'failed' as const, asked }
  const about = { ...outcome, needed: asked, excluded: [], closed: now() }
  const certificate: Certificate = { run, epoch, ...about, acks: [] }
  const sealed = seal(certificateSubject, certificate, signer)
  await folder.writeEnvelope(certificateFile(certificate), sealed)
  const digest = digestOf(encode(sealed))
  const { verdict, phase } = outcome
  events.store({ type: 'phase-closed', seq, phase, verdict, ok: 0, asked, took: 0, reason, certificate: digest })
  return { run, epoch, phases: [{ ...about, ok: 0, certificate: digest }], holders: [] }
}
