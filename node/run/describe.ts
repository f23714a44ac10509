/** What a peer can show of a run, for people and for other peers. */
import { decode, encode } from '../../protocols/codec.ts'
import { digestOf } from '../../protocols/digest.ts'
import { type Envelope, envelope, open } from '../../protocols/envelope.ts'
import { BakError } from '../../protocols/errors.ts'
import type { Description } from '../../protocols/events.ts'
import { MANIFEST_FILE, OFFER_FILE } from '../../protocols/layout.ts'
import { certificateSubject } from '../../protocols/phase.ts'
import { type RunRecord, readRecord, writeRecord } from '../../protocols/record.ts'
import type { Content } from '../artifacts/content.ts'
import type { RunFolder } from '../store/run-folder.ts'
import type { FollowedRun, RunFeed } from './run-feed.ts'

export interface DescribeParts {
  folder(run: string): RunFolder
  /** @returns the record of a run that goes on, which may be ahead of its file */
  live(run: string): RunRecord | undefined
  feed: RunFeed
  content: Content
}

/**
 * What this peer can show of a run: all of it where the folder is here; otherwise the certificates that it keeps, and the offer and
 * manifest they are checked against if it has those.
 * @throws {BakError} `no-such-run`
 */
export async function describeRun(
  run: string,
  { folder: at, live, feed, content }: DescribeParts
): Promise<Description> {
  const folder = at(run)
  const going = live(run)
  const record = going == null ? await folder.readRecordText().catch(() => undefined) : writeRecord(going)
  if (record != null) {
    const controller = readRecord(record).controller.peer
    const [manifest, offer] = await Promise.all([MANIFEST_FILE, OFFER_FILE].map(path => folder.readEnvelope(path)))
    const tags = await folder.laterTags()
    return { run, controller, record, tags, manifest, offer, certificates: await folder.readCertificates() }
  }
  const followed = feed.get(run)
  if (followed == null) throw new BakError('no-such-run', `run ${run} is not known here`)
  const { lead } = followed
  const held = (digest: string | undefined) => {
    const bytes = digest == null ? undefined : content.local(digest)
    return bytes == null ? undefined : decode(envelope, bytes)
  }
  const certificates = [...followed.certificates.values()]
  return { run, controller: lead.by, certificates, offer: held(followed.offer), manifest: held(followed.manifest) }
}

/**
 * The certificates of a run whose folder nobody shows: those that are kept here, and the rest from the other holders. Only those count
 * whose digest the lead has published, and those that it signed after its last notice, which comes up to a second later.
 */
export async function gatherCertificates(
  { lead, closed, certificates: kept, holders }: Pick<FollowedRun, 'lead' | 'closed' | 'certificates' | 'holders'>,
  ask: (holder: string) => Promise<Description | undefined>
): Promise<Envelope[]> {
  const found = new Map(kept)
  const isWhole = () => closed.every(({ certificate }) => found.has(certificate))
  for (const holder of holders) {
    if (isWhole()) break
    const { certificates = [] } = (await ask(holder).catch(() => undefined)) ?? {}
    for (const each of certificates) found.set(digestOf(encode(each)), each)
  }
  const published = closed.map(({ certificate }) => certificate)
  const last = closed.at(-1)?.seq ?? 0
  const newer = [...found.keys()].filter(
    digest => !published.includes(digest) && (kept.has(digest) || isNewer(found.get(digest), lead.by, last))
  )
  return [...published, ...newer].map(digest => found.get(digest)).filter(each => each != null)
}

/** @returns whether the lead signed it for a phase after that number; a holder might make one up */
function isNewer(sealed: Envelope | undefined, lead: string, last: number): boolean {
  if (sealed?.by !== lead) return false
  try {
    return open(certificateSubject, sealed).value.seq > last
  } catch {
    return false
  }
}
