/**
 * Whether a certificate proves what it says: that the run's controller closed a phase, and that the members whose answers
 * it needed signed them. Daemons ask this of every certificate they hear; `bak verify` asks it again, offline.
 */
import { encode } from './codec.ts'
import { digestOf } from './digest.ts'
import { type Envelope, open, type Signed } from './envelope.ts'
import { asBakError, BakError } from './errors.ts'
import { type Manifest, manifestSubject, type Offer, offerSubject } from './manifest.ts'
import { type Ack, ackSubject, type Certificate, certificateSubject, strayFields } from './phase.ts'

/** What certificates are checked against. */
export interface Evidence {
  /** Not there yet while the members join. */
  manifest?: Proven<Manifest>
  /** The certificate of `join` needs it, and that of `terminate` where there never was a manifest. */
  offer?: Proven<Offer>
}

interface Proven<T> {
  value: T
  /** SHA-256 of the envelope: of the file that holds it. */
  digest: string
  /** The peers that may answer. */
  peers: Set<string>
}

export interface CheckedCertificate {
  /** Not there if the certificate itself cannot be trusted. */
  value?: Certificate
  /** The answers whose signature is good and that fit. */
  acks: { by: string; value: Ack }[]
  /** Signatures that were found good. */
  signatures: number
  /** The fault, in words; empty for a good certificate. */
  faults: string[]
}

/**
 * Checks the signatures of the two descriptions of a run.
 *
 * @throws {BakError} `bad-signature`, `bad-message`, or `not-the-controller` if another peer than the controller signed
 */
export function readEvidence(sealed: { manifest?: Envelope; offer?: Envelope }): Evidence {
  const manifest = sealed.manifest && byController('manifest', open(manifestSubject, sealed.manifest))
  const offer = sealed.offer && byController('offer', open(offerSubject, sealed.offer))
  return {
    manifest: manifest && { ...manifest, peers: peersOf(manifest.value.roster) },
    offer: offer && { ...offer, peers: peersOf(offer.value.candidates) }
  }
}

function byController<T extends { controller: string }>(what: string, { by, value, envelope }: Signed<T>) {
  if (by !== value.controller) {
    throw new BakError('not-the-controller', `the ${what} names ${value.controller} as controller, ${by} signed it`)
  }
  return { value, digest: digestOf(encode(envelope)) }
}

const peersOf = (entries: { peer: string }[]) => new Set(entries.map(({ peer }) => peer))

/** Reads nothing but its arguments, and finds everything that is wrong. */
export function checkCertificate(sealed: Envelope, evidence: Evidence): CheckedCertificate {
  const checked: CheckedCertificate = { acks: [], signatures: 0, faults: [] }
  const certificate = tryOpen(() => open(certificateSubject, sealed), checked)
  if (certificate == null) return checked
  const { value } = certificate
  // a run that nobody could join ends without a manifest
  const isOfOffer = value.phase === 'join' || (value.phase === 'terminate' && evidence.manifest == null)
  const proven = isOfOffer ? evidence.offer : evidence.manifest
  if (proven == null) {
    checked.faults.push(`there is no ${isOfOffer ? 'offer' : 'manifest'} to check it against`)
    return checked
  }
  checked.value = value
  checked.faults.push(...checkHead(certificate, proven))
  const answered = new Set<string>()
  for (const ack of value.acks) checkAck(ack, value, proven, checked, answered)
  const ok = checked.acks.filter(ack => ack.value.outcome === 'ok').length
  if (value.verdict === 'met' && ok < value.needed) {
    checked.faults.push(`the verdict is met, with ${ok} good answers of ${value.needed} needed`)
  }
  return checked
}

function checkHead({ by, value }: Signed<Certificate>, proven: Proven<Offer | Manifest>): string[] {
  const { controller, run, epoch } = proven.value
  return [
    by === controller ? '' : `${by} signed it, the controller is ${controller}`,
    value.run === run ? '' : `it is of run ${value.run}, not ${run}`,
    value.epoch === epoch ? '' : `it is of epoch ${value.epoch}, not ${epoch}`,
    value.subject === proven.digest ? '' : `its subject is ${value.subject}, not ${proven.digest}`
  ].filter(fault => fault !== '')
}

function checkAck(
  sealed: Envelope,
  certificate: Certificate,
  { peers }: Proven<unknown>,
  checked: CheckedCertificate,
  answered: Set<string>
) {
  const ack = tryOpen(() => open(ackSubject, sealed), checked)
  if (ack == null) return
  const isSecond = answered.has(ack.by)
  answered.add(ack.by)
  const faults = [
    peers.has(ack.by) ? '' : `an answer is of ${ack.by}, who is not on the roster`,
    isSecond ? `there are two answers of ${ack.by}` : '',
    ...strayFields(ack.value, certificate).map(key => `the answer of ${ack.by} is for ${key} ${ack.value[key]}`)
  ].filter(fault => fault !== '')
  if (faults.length === 0) checked.acks.push({ by: ack.by, value: ack.value })
  checked.faults.push(...faults)
}

function tryOpen<T>(opened: () => Signed<T>, checked: CheckedCertificate): Signed<T> | undefined {
  try {
    const signed = opened()
    checked.signatures++
    return signed
  } catch (error) {
    checked.faults.push(asBakError(error).message)
    return undefined
  }
}
