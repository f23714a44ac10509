/**
 * Whether each phase accounts for each member: by its answer, or by an exclusion in words. So nobody can take an answer out of a certificate,
 * and with it what the member announced there.
 */

import type { Phase } from '../fields.ts'
import { type FileList, linesOfList } from '../file-list.ts'
import { CERTIFICATES_FOLDER, parseResultPath, stepFolder } from '../layout.ts'
import type { Candidate, RosterEntry } from '../manifest.ts'
import { type Certificate, roleIn } from '../phase.ts'
import type { RunRecord } from '../record.ts'
import { PERSISTENT_TOOLS, tarballOf } from '../tarball-names.ts'
import { taskPartsOf } from '../tasks/parts.ts'
import type { Messages } from './certificate-files.ts'
import type { Report } from './report.ts'

/** In these members announce what they send. */
const SENDING = new Set<string>(['sysinfo', 'send'])

/**
 * An answer that is missing is a fault in a run that was ok. In another, whose phases may have been cut short, what it announced is not
 * proven, unless the list of it is here.
 */
export function checkAnswers(
  record: RunRecord,
  { evidence, certificates }: Messages,
  lists: FileList[],
  { faults, unproven }: Report
): void {
  const { verdict, sent } = record
  const { offer, manifest } = evidence
  const out = new Set((manifest?.value.excluded ?? []).map(({ peer }) => peer))
  const isHere = (peer: string, what: string) =>
    sent.some(each => each.peer === peer && each.what === what && lists.some(list => isListOf(list, each)))
  for (const { value, acks } of certificates) {
    if (value == null) continue
    const { phase } = value
    for (const { peer } of value.excluded) out.add(peer)
    const members = phase === 'join' ? (offer?.value.candidates ?? []) : (manifest?.value.roster ?? [])
    const answered = new Set(acks.map(({ by }) => by))
    const isAsked = phase === 'work' ? askedToWork(value, record) : () => true
    for (const entry of members) {
      const { peer, name } = entry
      if (out.has(peer) || answered.has(peer)) continue
      if (!isAsked(entry)) continue
      const what = `${name} neither answered ${phase} nor is excluded there`
      if (verdict === 'ok') faults.push({ where: CERTIFICATES_FOLDER, what })
      else if (mayAnnounce(phase, name, entry, record) && !isHere(peer, nameOf(value)))
        unproven.push({ path: name, reason: what })
    }
  }
}

/** With `end` only who has persistent tools announces anything; of one that was attached it is not known what it is. */
function mayAnnounce(phase: Phase, name: string, entry: Candidate | RosterEntry, { tools = [] }: RunRecord): boolean {
  if (phase !== 'end') return SENDING.has(phase)
  const found = 'capabilities' in entry ? entry.capabilities.tools : []
  const attached = tools.some(({ change, members }) => change === 'attach' && members.includes(name))
  return attached || found.some(({ usable, lifetime }) => usable && lifetime === 'persistent')
}

/**
 * A command is the controller's; a part of the work is that of the members that run one of it, may be offered jobs or have clients of tasks, of
 * which the first may end the others, or is the only one.
 */
function askedToWork(
  { part, step, element }: Certificate,
  { controller, spec }: RunRecord
): (entry: Pick<Candidate, 'peer' | 'workloads' | 'load' | 'jobs'>) => boolean {
  if (part == null) return ({ peer }) => peer === controller.peer
  if (part === 'jobs') return ({ jobs }) => jobs != null
  const role = roleIn(part)
  if (role == null) {
    const isForAll = part !== 'setup' && part !== 'teardown' && !isEndedByFirst(spec, { part, step, element })
    return ({ load }) => isForAll && load != null
  }
  if (part === 'clients' && spec.ends === 'first') return () => false
  return ({ workloads = [] }) =>
    spec.workload.some(each => each.role === role && workloads.some(({ name }) => name === each.name))
}

function isEndedByFirst(
  spec: RunRecord['spec'],
  { part, step, element }: Pick<Certificate, 'part' | 'step' | 'element'>
): boolean {
  const params = spec.iterations[(step?.number ?? 0) - 1]?.params
  try {
    return taskPartsOf(spec, params).some(each => each.part === part && each.element?.number === element && each.first)
  } catch {
    // that its tasks cannot be is said elsewhere
    return false
  }
}

/** @returns the name of the tarballs of a phase: `sysinfo begin`, `1-default/sample1`, `persistent tools` */
const nameOf = ({ phase, step, when }: Certificate) =>
  phase === 'end' ? PERSISTENT_TOOLS : step == null ? `sysinfo ${when}` : stepFolder(step)

function isListOf(list: FileList, { peer, what, files }: RunRecord['sent'][number]): boolean {
  if (list.by !== peer || list.digest !== files) return false
  try {
    const { path } = linesOfList(list).next().value ?? {}
    return path != null && tarballOf(parseResultPath(path))?.what === what
  } catch {
    return false
  }
}
