/** The signed messages in the folder of a result: offer, manifest and the certificate of each phase, each held against the others. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type CheckedCertificate, checkCertificate, type Evidence, readEvidence } from '../certificate.ts'
import { decode } from '../codec.ts'
import { type Envelope, envelope } from '../envelope.ts'
import { asBakError } from '../errors.ts'
import { CERTIFICATES_FOLDER, certificateFile, MANIFEST_FILE, OFFER_FILE } from '../layout.ts'
import type { Produced } from '../phase.ts'
import { readPlain } from '../plain-file.ts'
import type { RunRecord } from '../record.ts'
import { same } from './proven-run.ts'
import type { Report } from './report.ts'
import { olderMembers } from './signed-files.ts'

/** What is proven of a run. */
export interface Messages {
  evidence: Evidence
  /** In the order of their phases. */
  certificates: CheckedCertificate[]
  /** Peer ids by the names of their folders. */
  members: Map<string, string>
  /** Members that sign no lists of their files. */
  older: Set<string>
  /** The lists of files that answers name, and of what. */
  answers: { where: string; by: string; what: string; digest: string }[]
}

export async function checkCertificates(dir: string, record: RunRecord, report: Report): Promise<Messages> {
  const evidence = await findEvidence(dir, record, report)
  const { offer, manifest } = evidence
  const candidates = offer?.value.candidates ?? manifest?.value.roster ?? []
  const messages: Messages = {
    evidence,
    certificates: [],
    members: new Map(candidates.map(({ peer, name }) => [name, peer])),
    older: new Set(candidates.map(({ peer }) => peer)),
    answers: []
  }
  const unlisted = new Set<string>()
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
    messages.certificates.push(checked)
    if (checked.value?.phase === 'join') checkRoster(checked, evidence, report)
    checkProduced(where, checked, record, { unlisted, answers: messages.answers }, report)
  }
  const listing = new Set(messages.answers.map(({ by }) => by))
  if (offer?.value.signedFiles === true) messages.older = olderMembers(record.sent, { listing, unlisted })
  return messages
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
  if (value.epoch !== record.epoch) wrong(where, `it is of epoch ${value.epoch}, run.json of ${record.epoch}`)
  // the proofs of membership are held against this time
  if (offer.offer != null && offer.offer.value.created !== record.created)
    wrong(OFFER_FILE, `the run was offered at ${offer.offer.value.created}, run.json says ${record.created}`)
  if (manifest.manifest != null && offer.offer != null && manifest.manifest.value.offer !== offer.offer.digest) {
    wrong(OFFER_FILE, 'it is not the offer that the manifest is made from')
  }
  return { ...offer, ...manifest }
}

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
    return decode(envelope, new Uint8Array(await readPlain(join(dir, path))))
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

/** The roster of the manifest is those who joined, with what they said that they can do. */
function checkRoster({ acks }: CheckedCertificate, { offer, manifest }: Evidence, { faults }: Report): void {
  if (offer == null || manifest == null) return
  const joined = new Map(acks.filter(({ value }) => value.outcome === 'ok').map(({ by, value }) => [by, value]))
  const expected = offer.value.candidates.flatMap(candidate => {
    const capabilities = joined.get(candidate.peer)?.capabilities
    return capabilities == null ? [] : [{ ...candidate, capabilities }]
  })
  const roster = manifest.value.roster.map(({ rank: _, ...entry }) => entry)
  for (const { peer, name } of roster.filter(each => !expected.some(other => same(each, other))))
    faults.push({ where: MANIFEST_FILE, what: `${name} ${peer} did not join as it says` })
  for (const { peer, name } of expected.filter(each => !roster.some(other => other.peer === each.peer)))
    faults.push({ where: MANIFEST_FILE, what: `${name} ${peer} joined, and is not on its roster` })
}

/** Each tarball that a member announced in an answer is in run.json, with the list of files that it signed. */
function checkProduced(
  where: string,
  { acks }: CheckedCertificate,
  { sent }: RunRecord,
  { unlisted, answers }: Pick<Messages, 'answers'> & { unlisted: Set<string> },
  { faults }: Report
): void {
  for (const { by, value } of acks) {
    for (const produced of value.produced ?? []) {
      const { name: what, digest, files } = produced
      if (files == null) unlisted.add(by)
      else answers.push({ where, by, what, digest: files })
      if (!sent.some(each => each.peer === by && isSame(each, produced)))
        faults.push({ where, what: `${by} announced ${what} ${digest}, which run.json does not list` })
    }
  }
}

const isSame = (sent: RunRecord['sent'][number], { digest, bytes, files }: Produced) =>
  sent.digest === digest && sent.bytes === bytes && sent.files === files
