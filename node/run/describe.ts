import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decode, encode } from '../../protocols/codec.ts'
import { digestOf } from '../../protocols/digest.ts'
import { type Envelope, envelope } from '../../protocols/envelope.ts'
import { BakError } from '../../protocols/errors.ts'
import type { Description } from '../../protocols/events.ts'
import type { Content } from '../artifacts/content.ts'
import type { RunFolder } from '../store/run-folder.ts'
import type { FollowedRun, RunFeed } from './run-feed.ts'

export interface DescribeParts {
  folder(run: string): RunFolder
  follow: RunFeed
  content: Content
}

/**
 * What this peer can show of a run: all of it where the folder is here, else the certificates that it holds, and what they
 * are checked against where it has that.
 * @throws {BakError} `no-such-run`
 */
export async function describeRun(run: string, { folder: at, follow, content }: DescribeParts): Promise<Description> {
  const folder = at(run)
  const record = await folder.readRecordText().catch(() => undefined)
  if (record != null) {
    const controller = (await folder.readRecord()).controller.peer
    const [manifest, offer] = await Promise.all(['manifest', 'offer'].map(name => readEnvelope(folder, name)))
    return { run, controller, record, manifest, offer, certificates: await readCertificates(folder) }
  }
  const followed = follow.get(run)
  if (followed == null) throw new BakError('no-such-run', `run ${run} is not known here`)
  const { controller, closed, command } = followed
  const subject = (of: string) => [...closed, command].find(each => each?.phase === of)?.subject
  const held = (digest: string | undefined) => {
    const bytes = digest == null ? undefined : content.local(digest)
    return bytes == null ? undefined : decode(envelope, bytes)
  }
  const certificates = [...followed.held.values()]
  return { run, controller, certificates, offer: held(subject('join')), manifest: held(subject('stage')) }
}

/**
 * The certificates of a run whose folder nobody shows: those that are held here, and what the other holders have of the rest.
 * Only such count as the controller has told of.
 */
export async function gatherCertificates(
  { closed, held, holders }: Pick<FollowedRun, 'closed' | 'held' | 'holders'>,
  ask: (holder: string) => Promise<Description | undefined>
): Promise<Envelope[]> {
  const found = new Map(held)
  const isWhole = () => closed.every(({ certificate }) => found.has(certificate))
  for (const holder of holders) {
    if (isWhole()) break
    const { certificates = [] } = (await ask(holder).catch(() => undefined)) ?? {}
    for (const each of certificates) found.set(digestOf(encode(each)), each)
  }
  const told = closed.map(({ certificate }) => certificate)
  // what is held here came from the controller itself, and may be newer than what it has told
  const newer = [...held.keys()].filter(digest => !told.includes(digest))
  return [...told, ...newer].map(digest => found.get(digest)).filter(each => each != null)
}

async function readEnvelope(folder: RunFolder, name: string): Promise<Envelope | undefined> {
  const bytes = await readFile(join(folder.certificates, `${name}.cbor`)).catch(() => undefined)
  return bytes == null ? undefined : decode(envelope, new Uint8Array(bytes))
}

async function readCertificates(folder: RunFolder): Promise<Envelope[]> {
  const names = (await readdir(folder.certificates).catch(() => [])).filter(name => /^\d{4,}-/.test(name)).sort()
  const read = await Promise.all(names.map(name => readEnvelope(folder, name.replace('.cbor', ''))))
  return read.filter(each => each != null)
}
