/** The signed messages of a run whose folder is here, checked. */
import { type CheckedCertificate, checkCertificate, type Evidence, readEvidence } from '../../protocols/certificate.ts'
import type { Envelope } from '../../protocols/envelope.ts'
import { MANIFEST_FILE, OFFER_FILE } from '../../protocols/layout.ts'
import type { RunFolder } from '../store/run-folder.ts'

interface Proven {
  evidence: Evidence
  /** As they are on the disk, in the order of their phases; then the same, checked. */
  sealed: Envelope[]
  certificates: CheckedCertificate[]
}

/** @throws if a signed message cannot be read, or is not signed by the controller */
export async function evidenceIn(folder: RunFolder): Promise<Proven> {
  const evidence = readEvidence({
    offer: await folder.readEnvelope(OFFER_FILE),
    manifest: await folder.readEnvelope(MANIFEST_FILE)
  })
  const sealed = await folder.readCertificates()
  return { evidence, sealed, certificates: sealed.map(each => checkCertificate(each, evidence)) }
}
