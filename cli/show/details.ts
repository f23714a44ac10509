/** All that the record of a run says of its members, their clocks, costs and data, and its certificates: for `bak show --all`. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { decode } from '../../protocols/codec.ts'
import { envelope, peek } from '../../protocols/envelope.ts'
import { CERTIFICATES_FOLDER, parseResultPath, stepFolder } from '../../protocols/layout.ts'
import { type Ack, ackSubject, type Certificate, certificateSubject } from '../../protocols/phase.ts'
import { readPlain } from '../../protocols/plain-file.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { formatBytes, formatClock, formatDuration, formatTime } from '../format.ts'
import { formatInstances } from '../instances.ts'
import { formatMachines } from '../machine-tables.ts'
import { costRows, routesOf, skewRows } from '../record-rows.ts'
import { formatSection } from './section.ts'

/** @param where the folder is */
export function formatDetails(record: RunRecord, where: string): string[] {
  const { roster, sent, clocks = [], staged, triggered = [] } = record
  const routes = routesOf(record)
  const drifts = new Map(clocks.map(each => [each.peer, formatDrift(each)]))
  const members = roster.map(({ rank, peer, name, driver, capabilities: { os, cores, clock }, tools }) => [
    rank,
    driver ? `${name} (driver)` : name,
    os,
    cores,
    formatClock(clock),
    drifts.get(peer),
    routes.get(peer),
    tools.map(({ tool }) => tool).join(' ')
  ])
  const tarballs = sent.map(({ name, what, bytes, arrived, path, digest }) => [
    name,
    what,
    formatBytes(bytes),
    arrived ? where : 'on the member',
    path,
    digest.slice(0, 16)
  ])
  return [
    formatInstances(record),
    formatSection(['RANK', 'MEMBER', 'OS', 'CORES', 'CLOCK AHEAD', 'DRIFT', 'PATH', 'TOOLS'], members),
    ...formatStaged(staged),
    formatSection(
      ['TRIGGERED', 'SAMPLE', 'STARTED', 'FOR'],
      triggered.map(({ group, sample, start, stop }) => [
        ...[group, sample, formatTime(start)],
        stop == null ? 'until the command ended' : formatDuration(stop - start)
      ])
    ),
    formatSection(['STARTED', 'APART', 'AFTER THE AGREED INSTANT'], skewRows(record)),
    // what stands out is among what is always shown
    ...formatMachines({ ...record, remarks: [] }),
    formatSection(['OBSERVED', 'DAEMON', 'TOOLS', 'SWITCHES', 'SENT', 'RECEIVED'], costRows(record)),
    formatSection(['SENT BY', 'WHAT', 'BYTES', 'WHERE', 'PATH', 'SHA-256'], tarballs)
  ]
}

function formatStaged(
  { contents, members }: NonNullable<RunRecord['staged']> = { contents: [], members: [] }
): string[] {
  const paths = contents.map(({ path, tool, platform, for: workload, bytes, digest }) => [
    path,
    tool == null ? workload : `tool ${tool}${platform == null ? '' : ` on ${platform}`}`,
    formatBytes(bytes),
    digest.slice(0, 16)
  ])
  const fetched = members.map(({ name, bytes, source }) => [name, formatBytes(bytes), formatBytes(source)])
  return [
    formatSection(['STAGED', 'FOR', 'BYTES', 'DIGEST'], paths),
    formatSection(['FETCHED BY', 'BYTES', 'OF THE CONTROLLER'], fetched)
  ]
}

/** In parts per million, as for oscillators; of a clock that was set in mid run it is not known. */
const formatDrift = ({ drift = 0, bound = 0, set }: NonNullable<RunRecord['clocks']>[number]) =>
  set == null
    ? `${drift.toFixed(0)} ± ${bound.toFixed(0)} ppm`
    : `set by ${set < 0 ? '-' : '+'}${Math.abs(set / 1000).toFixed(1)} s`

/** @returns those of a result, as a daemon sends them: base64 */
export async function certificatesIn(folder: string): Promise<string[]> {
  const names = await readdir(join(folder, CERTIFICATES_FOLDER)).catch((): string[] => [])
  const found: string[] = []
  for (const path of names.sort().map(name => `${CERTIFICATES_FOLDER}/${name}`))
    if (parseResultPath(path)?.kind === 'certificate')
      found.push((await readPlain(join(folder, path))).toString('base64'))
  return found
}

/** Reads the acks of a certificate without their signatures; `bak verify` checks those. */
export function readCertificate(base64: string): CertificateView {
  const { acks, ...rest } = peek(certificateSubject, decode(envelope, Buffer.from(base64, 'base64')))
  return { ...rest, acks: acks.map(sealed => ({ peer: sealed.by, ...peek(ackSubject, sealed) })) }
}

export type CertificateView = Omit<Certificate, 'acks'> & { acks: Array<Ack & { peer: string }> }

export function formatCertificates(certificates: CertificateView[]): string {
  const rows = certificates.map(({ seq, phase, step, groups, when, verdict, acks, asked, needed, closed }) => [
    seq,
    [phase, ...(groups ?? [])].join(' '),
    step == null ? when : stepFolder(step),
    verdict,
    `${acks.filter(({ outcome }) => outcome === 'ok').length}/${asked}`,
    needed,
    formatTime(closed)
  ])
  return formatSection(['SEQ', 'PHASE', 'STEP', 'VERDICT', 'OK', 'NEEDED', 'CLOSED'], rows)
}
