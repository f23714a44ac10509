/** What a peer can show of a run, for people and for other peers. */
import { decode, encode } from '../../protocols/codec.ts'
import { digestOf } from '../../protocols/digest.ts'
import { type Envelope, envelope } from '../../protocols/envelope.ts'
import { BakError } from '../../protocols/errors.ts'
import type { Description } from '../../protocols/events.ts'
import { MANIFEST_FILE, OFFER_FILE } from '../../protocols/layout.ts'
import type { Content } from '../artifacts/content.ts'
import type { RunFolder } from '../store/run-folder.ts'
import type { FollowedRun, RunFeed } from './run-feed.ts'

export interface DescribeParts {
  folder(run: string): RunFolder
  feed: RunFeed
  content: Content
}

/**
 * What this peer can show of a run: all of it where the folder is here; otherwise the certificates that it keeps, and the offer and
 * manifest they are checked against if it has those.
 * @throws {BakError} `no-such-run`
 */
export async function describeRun(run: string, { folder: at, feed, content }: DescribeParts): Promise<Description> {
  const folder = at(run)
  const record = await folder.readRecordText().catch(() => undefined)
  if (record != null) {
    const controller = (await folder.readRecord()).controller.peer
    const [manifest, offer] = await Promise.all([MANIFEST_FILE, OFFER_FILE].map(path => folder.readEnvelope(path)))
    return { run, controller, record, manifest, offer, certificates: await folder.readCertificates() }
  }
  const followed = feed.get(run)
  if (followed == null) throw new BakError('no-such-run', `run ${run} is not known here`)
  const { lead, closed, command } = followed
  const subject = (of: string) => [...closed, command].find(each => each?.phase === of)?.subject
  const held = (digest: string | undefined) => {
    const bytes = digest == null ? undefined : content.local(digest)
    return bytes == null ? undefined : decode(envelope, bytes)
  }
  const certificates = [...followed.certificates.values()]
  return { run, controller: lead.by, certificates, offer: held(subject('join')), manifest: held(subject('stage')) }
}

/**
 * The certificates of a run whose folder nobody shows: those that are kept here, and the rest from the other holders. Only those count
 * whose digest the lead has published.
 */
export async function gatherCertificates(
  { closed, certificates: kept, holders }: Pick<FollowedRun, 'closed' | 'certificates' | 'holders'>,
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
  // what is kept here came from the lead itself, and may be newer than its last notice
  const newer = [...kept.keys()].filter(digest => !published.includes(digest))
  return [...published, ...newer].map(digest => found.get(digest)).filter(each => each != null)
}
