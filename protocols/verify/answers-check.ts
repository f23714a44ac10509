/**
 * Whether each phase accounts for each member: by its answer, or by an exclusion in words. So nobody can take an answer out of a certificate,
 * and with it what the member announced there.
 */
import { CERTIFICATES_FOLDER } from '../layout.ts'
import type { Certificate } from '../phase.ts'
import type { RunRecord } from '../record.ts'
import type { Messages } from './certificate-files.ts'
import type { Report } from './report.ts'

/** In these members announce what they send. */
const SENDING = new Set<string>(['sysinfo', 'send'])

/** An answer that is missing is a fault in a run that was ok; in another, whose phases may have been cut short, what it announced is not proven. */
export function checkAnswers(record: RunRecord, { evidence, certificates }: Messages, report: Report): void {
  const { offer, manifest } = evidence
  const out = new Set((manifest?.value.excluded ?? []).map(({ peer }) => peer))
  for (const { value, acks } of certificates) {
    if (value == null) continue
    for (const { peer } of value.excluded) out.add(peer)
    const members = value.phase === 'join' ? (offer?.value.candidates ?? []) : (manifest?.value.roster ?? [])
    const asked = value.phase === 'work' ? members.filter(({ peer }) => peer === record.controller.peer) : members
    const answered = new Set(acks.map(({ by }) => by))
    for (const { peer, name } of asked) if (!out.has(peer) && !answered.has(peer)) note(record, value, name, report)
  }
}

function note({ verdict }: RunRecord, { phase }: Certificate, name: string, { faults, unproven }: Report): void {
  const what = `${name} neither answered ${phase} nor is excluded there`
  if (verdict === 'ok') faults.push({ where: CERTIFICATES_FOLDER, what })
  else if (SENDING.has(phase)) unproven.push({ path: name, reason: what })
}
