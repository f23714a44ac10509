/**
 * Which tarballs a run expects of a member: of the samples that its spec has and the groups that its roster gives the member, under the
 * names that members give them. Pure.
 */
import { parseResultPath, type ResultPath } from '../../protocols/layout.ts'
import type { RosterEntry } from '../../protocols/manifest.ts'
import type { RunRecord } from '../../protocols/record.ts'
import type { TarballOffer } from '../../protocols/tarball.ts'
import { tarballOf } from '../../protocols/tarball-names.ts'
import { mayHaveSample } from '../../protocols/triggered.ts'
import { printable } from '../store/entries.ts'

type Planned = Pick<RunRecord, 'spec' | 'controller' | 'tools'>

/** @returns why the tarball is none that the run expects of this member */
export function refusalOfOffer(
  { kind, what, allow }: Pick<TarballOffer, 'kind' | 'what' | 'allow'>,
  member: RosterEntry | undefined,
  run: Planned
): string | undefined {
  if (member == null) return 'its sender did not join the run'
  if (allow.length === 0) return 'it fills no folder'
  for (const path of allow) {
    const place = parseResultPath(path)
    if (place == null || !isPlanned(place, member, run)) return `the run has no folder ${printable(path)}`
    const expected = tarballOf(place)
    if (what !== expected?.what || kind !== expected.kind)
      return `a tarball of ${kind} named ${printable(what)} may not fill ${printable(path)}`
  }
  return undefined
}

function isPlanned(
  place: ResultPath,
  { peer, name, tools, workloads = [], load }: RosterEntry,
  { spec, controller, tools: changes = [] }: Planned
): boolean {
  const hasGroup = (group: string) =>
    tools.some(each => each.group === group) ||
    changes.some(each => each.change === 'attach' && each.group === group && each.members.includes(name))
  if (place.kind === 'sysinfo') return spec.sysinfo !== 'none'
  const hasTools = () =>
    tools.length > 0 || changes.some(each => each.change === 'attach' && each.members.includes(name))
  if (place.kind === 'persistent') return hasGroup(place.group)
  if (place.kind === 'persistent-series') return hasTools()
  if (place.kind !== 'tools' && place.kind !== 'series' && place.kind !== 'workload') return false
  if (!mayHaveSample(spec, place.step)) return false
  if (place.kind === 'tools') return hasGroup(place.group)
  // workloads and tasks leave numbers by time, too
  if (place.kind === 'series' && hasTools()) return true
  // a command runs on the controller
  return workloads.length > 0 || load != null || (spec.command != null && peer === controller.peer)
}
