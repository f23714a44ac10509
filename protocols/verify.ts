/**
 * Verifies the folder of a result, without a daemon or a network: no byte changed since the controller sealed it, the
 * certificates contain the acks that members signed, and the tarballs in it are those that the members announced.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type CheckedCertificate, checkCertificate, type Evidence, readEvidence } from './certificate.ts'
import { decode, encode } from './codec.ts'
import { custodyOf, holdersOf } from './custody.ts'
import { type Envelope, envelope } from './envelope.ts'
import { asBakError, BakError } from './errors.ts'
import { folderDigests, type Unreadable } from './folder-digests.ts'
import { CERTIFICATES_FOLDER, certificateFile, MANIFEST_FILE, OFFER_FILE, RECORD_FILE } from './layout.ts'
import { checkSeal, type RunRecord, readRecord } from './record.ts'

interface Fault {
  /** Path of a file in the folder. */
  where: string
  what: string
}

interface Report {
  ok: boolean
  run: string
  checked: { files: number; certificates: number; acks: number; signatures: number }
  /** What could not be read when the result was sealed: nothing is proven of it. */
  unproven: Unreadable[]
  faults: Fault[]
}

/** @throws {BakError} `damaged` if run.json is missing or cannot be parsed */
export async function verifyFolder(dir: string): Promise<Report> {
  const content = await readFile(join(dir, RECORD_FILE), 'utf8').catch(cause => {
    throw new BakError('damaged', `${dir} is not the folder of a run: ${cause.message}`, { cause })
  })
  const record = readRecord(content)
  const report: Report = {
    ok: false,
    run: record.run,
    checked: { files: 0, certificates: 0, acks: 0, signatures: 0 },
    unproven: record.unreadable ?? [],
    faults: []
  }
  checkRecord(content, record, report)
  await checkFiles(dir, record, report)
  await checkCertificates(dir, record, report)
  report.ok = report.faults.length === 0
  return report
}

function checkRecord(content: string, record: RunRecord, { checked, faults }: Report): void {
  try {
    checkSeal(content)
    checked.signatures++
  } catch (error) {
    faults.push({ where: RECORD_FILE, what: asBakError(error).message.replace(/^run\.json:? /, '') })
  }
  const { seal, controller, run } = record
  try {
    if (seal == null || holdersOf(run, controller.peer, custodyOf(record)).includes(seal.by)) return
    faults.push({ where: RECORD_FILE, what: `sealed by ${seal.by}; the controller is ${controller.peer}` })
  } catch (error) {
    faults.push({ where: RECORD_FILE, what: asBakError(error).message })
  }
}

async function checkFiles(dir: string, { files = {} }: RunRecord, report: Report): Promise<void> {
  const { checked, faults, unproven } = report
  const { files: found, unreadable } = await folderDigests(dir, { except: [RECORD_FILE] })
  const why = new Map(unreadable.map(({ path, reason }) => [path, reason]))
  for (const [path, { sha256, bytes }] of Object.entries(files)) {
    const file = Object.hasOwn(found, path) ? found[path] : undefined
    checked.files++
    if (file == null)
      faults.push({ where: path, what: why.has(path) ? `cannot be read: ${why.get(path)}` : 'is missing' })
    else if (file.bytes !== bytes) faults.push({ where: path, what: `has ${file.bytes} bytes, had ${bytes}` })
    else if (file.sha256 !== sha256) faults.push({ where: path, what: 'was changed: its digest differs' })
  }
  for (const path of Object.keys(found)) {
    if (Object.hasOwn(files, path) || unproven.some(each => isAtOrBelow(path, each.path))) continue
    faults.push({ where: path, what: 'was not there when the run was sealed' })
  }
}

const isAtOrBelow = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`)

async function checkCertificates(dir: string, record: RunRecord, report: Report): Promise<void> {
  const evidence = await findEvidence(dir, record, report)
  const names = await readdir(join(dir, CERTIFICATES_FOLDER)).catch(() => [])
  const files = names.filter(name => /^\d+-.*\.cbor$/.test(name)).map(name => `${CERTIFICATES_FOLDER}/${name}`)
  files.sort((a, b) => seqOf(a) - seqOf(b))
  let last = -1
  for (const where of files) {
    const sealed = await readEnvelope(dir, where, report)
    if (sealed == null) continue
    const checked = checkCertificate(sealed, evidence)
    last = checkOrder(where, checked, last, report)
    count(where, checked, report)
    report.faults.push(...checkProduced(checked, record).map(what => ({ where, what })))
  }
}

const seqOf = (path: string) => Number.parseInt(path.slice(CERTIFICATES_FOLDER.length + 1), 10)

/** @returns the manifest and the offer, each if its signature is valid; adds a fault if they do not belong to run.json */
async function findEvidence(dir: string, record: RunRecord, report: Report): Promise<Evidence> {
  const offer = await readOne(dir, OFFER_FILE, 'offer', report)
  const manifest = await readOne(dir, MANIFEST_FILE, 'manifest', report)
  const wrong = (where: string, what: string) => report.faults.push({ where, what })
  if (record.manifest !== manifest.manifest?.digest) {
    wrong(
      MANIFEST_FILE,
      `run.json names the digest ${record.manifest ?? 'none'}, the manifest has ${manifest.manifest?.digest ?? 'none'}`
    )
  }
  const { value } = manifest.manifest ?? offer.offer ?? {}
  if (value == null) return {}
  const where = manifest.manifest == null ? OFFER_FILE : MANIFEST_FILE
  if (value.run !== record.run) wrong(where, `it is of run ${value.run}`)
  if (value.controller !== record.controller.peer) wrong(where, `its controller is ${value.controller}`)
  if (!same(value.spec, record.spec)) wrong(where, 'its spec is not the one in run.json')
  if (manifest.manifest != null && offer.offer != null && manifest.manifest.value.offer !== offer.offer.digest) {
    wrong(OFFER_FILE, 'it is not the offer that the manifest is made from')
  }
  return { ...offer, ...manifest }
}

const same = (a: unknown, b: unknown) => Buffer.compare(encode(a), encode(b)) === 0

async function readOne(dir: string, path: string, key: 'manifest' | 'offer', report: Report): Promise<Evidence> {
  const sealed = await readEnvelope(dir, path, report)
  if (sealed == null) return {}
  try {
    const evidence = readEvidence({ [key]: sealed })
    report.checked.signatures++
    return { [key]: evidence[key] }
  } catch (error) {
    report.faults.push({ where: path, what: asBakError(error).message })
    return {}
  }
}

/** @returns undefined if the file does not exist, and with a fault if it is not an envelope */
async function readEnvelope(dir: string, path: string, { faults }: Report): Promise<Envelope | undefined> {
  try {
    return decode(envelope, await readFile(join(dir, path)))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      faults.push({ where: path, what: asBakError(error).message })
    return undefined
  }
}

function checkOrder(where: string, { value }: CheckedCertificate, last: number, { faults }: Report): number {
  if (value == null) return last
  if (where !== certificateFile(value)) faults.push({ where, what: `it is the certificate ${certificateFile(value)}` })
  if (value.seq <= last) faults.push({ where, what: `its number ${value.seq} does not follow ${last}` })
  return Math.max(value.seq, last)
}

function count(where: string, { acks, signatures, faults }: CheckedCertificate, report: Report): void {
  report.checked.certificates++
  report.checked.acks += acks.length
  report.checked.signatures += signatures
  report.faults.push(...faults.map(what => ({ where, what })))
}

/** Each tarball that a member announced in an ack must be in run.json. */
function checkProduced({ acks }: CheckedCertificate, { sent }: RunRecord): string[] {
  return acks
    .filter(({ value }) => value.phase === 'send' || value.phase === 'sysinfo')
    .flatMap(({ by, value }) => (value.produced ?? []).map(produced => ({ by, produced })))
    .filter(
      ({ by, produced }) =>
        !sent.some(({ peer, digest, bytes }) => peer === by && digest === produced.digest && bytes === produced.bytes)
    )
    .map(({ by, produced }) => `${by} announced ${produced.name} ${produced.digest}, which run.json does not list`)
}
