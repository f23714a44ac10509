import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decode } from '../../protocols/codec.ts'
import { type Envelope, envelope } from '../../protocols/envelope.ts'
import { BakError } from '../../protocols/errors.ts'
import type { Description } from '../../protocols/events.ts'
import type { RunFolder } from '../store/run-folder.ts'
import type { Coordinator } from './coordinator.ts'
import type { Follow } from './follow.ts'

/**
 * What this peer can show of a run: all of it where the folder is here, else the certificates it heard.
 * @throws {BakError} `no-such-run`
 */
export async function describeRun(run: string, coordinator: Coordinator, follow: Follow): Promise<Description> {
  const folder = coordinator.folder(run)
  const record = await folder.readRecordText().catch(() => undefined)
  if (record != null) {
    const controller = (await folder.readRecord()).controller.peer
    const [manifest, certificates] = await Promise.all([readEnvelope(folder, 'manifest'), readCertificates(folder)])
    return { run, controller, record, manifest, certificates }
  }
  const followed = follow.get(run)
  if (followed == null) throw new BakError('no-such-run', `run ${run} is not known here`)
  return { run, controller: followed.controller, certificates: followed.certificates }
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
