/** Which members of a run a part of its tasks is about. */

import type { RosterEntry } from '../../protocols/manifest.ts'
import { type Ack, isTaskPart } from '../../protocols/phase.ts'
import type { RunRecord } from '../../protocols/record.ts'
import type { Element } from '../../protocols/tasks/elements.ts'
import { clientsIn, type LoadPlan, loadersOf, loadPlanOf } from '../../protocols/tasks/workers.ts'
import { loadersAmong } from '../work/tasks/loaders.ts'
import type { PlannedPhase } from './plan.ts'

type Planned = Pick<PlannedPhase, 'part' | 'step' | 'element' | 'first'>
type Source = { record: Pick<RunRecord, 'spec' | 'roster'>; active: Pick<Map<string, unknown>, 'has'> }

/** Of the iteration that was asked for last: a plan has a cell for each client and element. */
const plans = new WeakMap<RosterEntry[], { number: number; plan: LoadPlan }>()

export function planOfLoad({ spec, roster }: Source['record'], { number }: { number: number }): LoadPlan {
  const known = plans.get(roster)
  if (known?.number === number) return known.plan
  const plan = loadPlanOf(spec, loadersOf(spec, roster), spec.iterations[number - 1]?.params)
  plans.set(roster, { number, plan })
  return plan
}

export const elementIn = ({ elements }: LoadPlan, number: number): Element | undefined =>
  elements.find(each => each.number === number)

export const isAboutTasks = ({ part }: Pick<PlannedPhase, 'part'>): boolean => isTaskPart(part)

/**
 * Setup and teardown are for the first of them alone, and what the end of any client ends is for those that have some: the others would
 * answer at once.
 */
export function askedForTasks({ part, step, element, first }: Planned, { record, active }: Source): RosterEntry[] {
  const loaders = loadersAmong(record.roster, active)
  if (part === 'setup' || part === 'teardown') return loaders.slice(0, 1)
  if (!first || step == null || element == null) return loaders
  const plan = planOfLoad(record, step)
  const hosts = new Set(elementIn(plan, element)?.tasks.flatMap(({ name }) => [...clientsIn(plan, name).keys()]))
  return loaders.filter(({ name }) => hosts.has(name))
}

/** @returns clients of the member that has most of them */
export function mostClients(step: Planned['step'], { record }: Pick<Source, 'record'>): number {
  const members = step == null ? [] : planOfLoad(record, step).members
  return members.reduce((most, { workers }) => Math.max(most, workers.flat().length), 0)
}

/** @param at when clients were to begin; @returns how much later the first of this member did, ms; nothing where none did */
export function lateIn({ load }: Pick<Ack, 'load'>, at: number | undefined): number | undefined {
  const first = load?.tasks.flatMap(({ began }) => began?.first ?? [])
  return at == null || first == null || first.length === 0 ? undefined : Math.max(0, Math.min(...first) - at)
}
