/** `bak show`: prints the record of a run. */
import type { Command } from 'commander'
import { decode } from '../../protocols/codec.ts'
import type { RunView } from '../../protocols/control.ts'
import { isTooShort, sharesOf } from '../../protocols/cost.ts'
import { envelope, peek } from '../../protocols/envelope.ts'
import { iterationFolder, stepFolder } from '../../protocols/layout.ts'
import { showPercent } from '../../protocols/matrix/iteration-summary.ts'
import type { MeasuredPath } from '../../protocols/path.ts'
import { type Ack, ackSubject, type Certificate, certificateSubject } from '../../protocols/phase.ts'
import { type RunRecord, readRecord } from '../../protocols/record.ts'
import { formatFacts, formatTable } from '../../protocols/text-table.ts'
import { addExamples, type Context, setAction } from '../command.ts'
import {
  formatBytes,
  formatClock,
  formatCommand,
  formatDuration,
  formatLabels,
  formatMs,
  formatShare,
  formatTime,
  formatVerdict
} from '../format.ts'
import { describeWorkload, formatInstances } from '../instances.ts'
import { readComplaints } from '../journal.ts'
import { formatMachines } from '../machine-tables.ts'
import { METRIC_HEAD, metricRows } from '../metric-rows.ts'
import { formatThresholds } from '../thresholds.ts'

export function define(command: Command): void {
  command.argument('<run>', 'any unique part of its id, or last')
  addExamples(command, {
    'bak show last': 'verdict, members, exclusions, tarballs and certificates',
    'bak show last --json | jq .record.spec': 'the spec'
  })
  setAction(command, act)
}

async function act({ json, ask, print, printLines }: Context, _: object, run = ''): Promise<void> {
  const view = await ask('describe', { run })
  const record = view.record == null ? undefined : readRecord(view.record)
  const certificates = view.certificates.map(readCertificate)
  const complaints = view.folder == null ? [] : await readComplaints(view.folder)
  if (json) return print(JSON.stringify({ ...view, record, manifest: undefined, certificates, warnings: complaints }))
  const warnings = complaints.map(({ by, phase, step, text }) => [by, phase, step, text])
  const sections = [
    formatHead(view, record),
    ...(record == null
      ? []
      : formatRecord(record, view.folder == null ? `on ${view.holder ?? 'another peer'}` : 'here')),
    formatSection(['WARNED BY', 'PHASE', 'STEP', 'WARNING'], warnings),
    formatCertificates(certificates)
  ]
  await printLines(sections.filter(section => section !== '').join('\n\n'))
}

/** Reads the acks of a certificate without their signatures; `bak verify` checks those. */
function readCertificate(base64: string) {
  const { acks, ...rest } = peek(certificateSubject, decode(envelope, Buffer.from(base64, 'base64')))
  return { ...rest, acks: acks.map(sealed => ({ peer: sealed.by, ...peek(ackSubject, sealed) })) }
}

type CertificateView = Omit<Certificate, 'acks'> & { acks: Ack[] }

function formatHead(
  {
    run,
    controller,
    holder,
    digest,
    folder = holder && `on ${holder}`,
    moved,
    due,
    line,
    resumedBy = [],
    tags
  }: RunView,
  record?: RunRecord
): string {
  const places = {
    folder,
    'moved to': moved,
    'not moved': due && `to ${due.to}: ${due.reason}; bak move ${run} ${due.to}`
  }
  if (record == null) {
    const { name, verdict, controller: by } = line ?? {}
    const head = { run, name, verdict: verdict && formatVerdict(verdict), controller: by?.name ?? controller }
    return formatFacts({ ...head, manifest: digest, ...places })
  }
  const { name, state, verdict, partial, reason, created, ended, took, spec, program, workload } = record
  return formatFacts({
    run,
    name,
    verdict: `${formatVerdict(verdict ?? state)}${partial ? ', partial' : ''}${reason == null ? '' : `: ${reason}`}`,
    controller: record.controller.name,
    created: `${formatTime(created)} UTC`,
    took: ended == null ? undefined : formatDuration(took ?? ended - created),
    command: spec.command && formatCommand(spec.command),
    workloads: spec.workload.map(describeWorkload).join('; '),
    resumes: record.resumes == null ? undefined : describeResumed(record.resumes),
    'resumed by': resumedBy.join(', '),
    exit: workload
      .filter(({ member }) => member == null)
      .map(({ exit, signal, timedOut, error }) => {
        const how = exit ?? (Number(signal) ? `signal ${signal}` : signal)
        return `${how}${timedOut ? ' (timeout)' : ''}${error == null ? '' : ` (${error})`}`
      })
      .join(' '),
    tags: formatLabels(spec.tags),
    'tags given later': tags && formatLabels(tags),
    version: program,
    manifest: digest,
    ...places
  })
}

/** Where the samples are that this result does not have. */
function describeResumed({ run, taken, before }: NonNullable<RunRecord['resumes']>): string {
  const its = taken.length - before
  const earlier = before === 0 ? '' : `, and ${before} of runs before it`
  return `${run}, which has ${its} ${its === 1 ? 'sample' : 'samples'} of the same matrix${earlier}`
}

/** @param where the folder is */
function formatRecord(record: RunRecord, where: string): string[] {
  const { roster, excluded, shortfalls, missing = [], beside, tools = [] } = record
  const { sent, skew, clocks = [], paths = [], observed = [], staged, triggered = [] } = record
  const routes = new Map(paths.map(({ peer, begin, end }) => [peer, formatPaths(begin, end)]))
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
  const out = excluded.map(({ name, phase, code, reason }) => [name, phase, code, reason])
  const tarballs = sent.map(({ name, what, bytes, arrived, path, digest }) => [
    name,
    what,
    formatBytes(bytes),
    arrived ? where : 'on the member',
    path,
    digest.slice(0, 16)
  ])
  const starts = skew.map(({ step, skew, latest }) => [stepFolder(step), formatMs(skew), formatMs(latest)])
  const costs = sharesOf(observed).map(share => [
    share.name,
    ...[share.daemon, share.tools].map(each => (isTooShort(share) ? 'too short' : `${formatShare(each)} of a core`)),
    isTooShort(share) ? undefined : `${Math.round(share.switches)}/s`,
    formatBytes(share.sent),
    formatBytes(share.received)
  ])
  return [
    formatInstances(record),
    formatSection(['RANK', 'MEMBER', 'OS', 'CORES', 'CLOCK AHEAD', 'DRIFT', 'PATH', 'TOOLS'], members),
    formatSection(['EXCLUDED', 'SINCE', 'CODE', 'REASON'], out),
    formatSection(
      ['MISSING', 'ON', 'REASON'],
      [
        ...shortfalls.map(({ kind, what, member, reason }) => [
          kind === 'group' ? `group ${what}` : what,
          member,
          reason
        ]),
        ...missing.map(({ what, name, files }) => [`files of ${what}`, name, `${files}, named in missing.txt`])
      ]
    ),
    formatChanges(tools),
    formatSection(
      ['BESIDE RUN', 'CONTROLLER', 'ON'],
      beside.map(({ run, controller, members }) => [run, controller, members.join(', ')])
    ),
    ...formatStaged(staged),
    formatSection(['ITERATION', 'SAMPLES', 'FAILED', 'DEVIATION', 'OF', 'MET'], iterationsOf(record)),
    formatSection(METRIC_HEAD, metricRows(record)),
    formatThresholds(record),
    formatSection(
      ['TRIGGERED', 'SAMPLE', 'STARTED', 'FOR'],
      triggered.map(({ group, sample, start, stop }) => [
        ...[group, sample, formatTime(start)],
        stop == null ? 'until the command ended' : formatDuration(stop - start)
      ])
    ),
    formatSection(['STARTED', 'APART', 'AFTER THE AGREED INSTANT'], starts),
    ...formatMachines(record),
    formatSection(['OBSERVED', 'DAEMON', 'TOOLS', 'SWITCHES', 'SENT', 'RECEIVED'], costs),
    formatSection(['SENT BY', 'WHAT', 'BYTES', 'WHERE', 'PATH', 'SHA-256'], tarballs)
  ]
}

/** Tools that came and went while the run went on. */
function formatChanges(tools: NonNullable<RunRecord['tools']>): string {
  const isRefused = tools.some(({ refused }) => refused.length > 0)
  const rows = tools.map(({ tool, group, change, members, by, since, refused }) => [
    group === 'default' ? tool : `${tool} of ${group}`,
    change === 'attach' ? 'attached' : 'detached',
    members.join(', '),
    by,
    since == null ? 'no sample' : stepFolder(since),
    ...(isRefused ? [refused.map(({ member, reason }) => `${member}: ${reason}`).join('; ')] : [])
  ])
  return formatSection(['CHANGED', 'HOW', 'ON', 'BY', 'SINCE', ...(isRefused ? ['NOT ON'] : [])], rows)
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
    formatSection(['STAGED', 'FOR', 'BYTES', 'SHA-256'], paths),
    formatSection(['FETCHED BY', 'BYTES', 'OF THE CONTROLLER'], fetched)
  ]
}

const iterationsOf = ({ iterations = [] }: RunRecord) =>
  iterations.map(each => [
    iterationFolder(each),
    each.samples,
    each.failed,
    each.deviation?.percent == null ? undefined : showPercent(each.deviation.percent),
    each.deviation?.metric,
    each.deviation == null ? undefined : each.deviation.met ? 'yes' : 'no'
  ])

/** In parts per million, as for oscillators; of a clock that was set in mid run it is not known. */
const formatDrift = ({ drift = 0, bound = 0, set }: NonNullable<RunRecord['clocks']>[number]) =>
  set == null
    ? `${drift.toFixed(0)} ± ${bound.toFixed(0)} ppm`
    : `set by ${set < 0 ? '-' : '+'}${Math.abs(set / 1000).toFixed(1)} s`

/** `relayed, then punched` if the path changed between the beginning and the end of a run. */
function formatPaths(begin?: MeasuredPath, end?: MeasuredPath): string {
  const both = [begin, end].filter(each => each != null).map(each => each.class)
  return [...new Set(both)].join(', then ')
}

function formatCertificates(certificates: CertificateView[]): string {
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

const formatSection = (head: string[], rows: (string | number | undefined)[][]) =>
  rows.length === 0 ? '' : formatTable(head, rows)
