import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decode } from '../../protocols/codec.ts'
import { type Envelope, envelope, peek } from '../../protocols/envelope.ts'
import { BakError } from '../../protocols/errors.ts'
import type { Description } from '../../protocols/events.ts'
import { certificateSubject } from '../../protocols/phase.ts'
import type { Content } from '../artifacts/content.ts'
import type { RunFolder } from '../store/run-folder.ts'
import type { Follow } from './follow.ts'

export interface DescribeParts {
  folder(run: string): RunFolder
  follow: Follow
  content: Content
}

/**
 * What this peer can show of a run: all of it where the folder is here, else the certificates it heard, and what they are
 * checked against where it has that.
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
  const { controller, certificates } = followed
  const subjects = new Map(
    certificates.map(each => peek(certificateSubject, each)).map(each => [each.phase, each.subject])
  )
  const held = (digest: string | undefined) => {
    const bytes = digest == null ? undefined : content.held(digest)
    return bytes == null ? undefined : decode(envelope, bytes)
  }
  return { run, controller, certificates, offer: held(subjects.get('join')), manifest: held(subjects.get('stage')) }
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
