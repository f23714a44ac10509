/** The instances of workloads in a run, and their names as people read them. */
import { OUTPUT_FILES, parseResultPath } from './layout.ts'
import type { RosterEntry } from './manifest.ts'
import type { RunRecord } from './record.ts'
import { DRIVER } from './tasks/task.ts'
import { labelOf } from './workload.ts'

const STREAMS = ['stdout', 'stderr'] as const

export interface InstanceName {
  member: string
  /** Left out for a lone command. */
  workload?: string
  /** 1 .. n, where a member runs several. */
  instance?: number
}

/** By the name of its folder below that of its member. */
export type InstanceLabels = ReadonlyMap<string, Omit<InstanceName, 'member'>>

/** `db-1/server.2`, or the member alone for a lone command. */
export function nameOfInstance({ member, workload, instance }: InstanceName): string {
  if (workload == null) return member
  return `${member}/${workload}${instance == null ? '' : `.${instance}`}`
}

/** @returns the instances that a member can have by the spec */
export function labelsIn({
  workload: workloads,
  task = []
}: Pick<RunRecord['spec'], 'workload'> & Partial<Pick<RunRecord['spec'], 'task'>>): InstanceLabels {
  const driver = task.length === 0 ? [] : [[DRIVER, { workload: DRIVER }] as const]
  return new Map([
    ...driver,
    ...workloads.flatMap(workload =>
      Array.from(
        { length: workload.instances },
        (_, i) => [labelOf(workload, i + 1), numbered(workload, i + 1)] as const
      )
    )
  ])
}

/** @returns each instance of one sample, as the run was planned; before there is a roster only what the controller runs. Pure. */
export function instancesOf({
  spec,
  roster,
  controller
}: Pick<RunRecord, 'spec' | 'controller'> & {
  roster: Array<Pick<RosterEntry, 'name' | 'workloads' | 'load'>>
}): InstanceName[] {
  const own: InstanceName[] = spec.command == null ? [] : [{ member: controller.name }]
  const others = roster.flatMap(({ name: member, workloads = [], load }) => [
    ...workloads.flatMap(placement =>
      Array.from({ length: placement.instances }, (_, i) => ({ member, ...numbered(placement, i + 1) }))
    ),
    ...(load == null ? [] : [{ member, workload: DRIVER }])
  ])
  return [...own, ...others]
}

/** @returns whose output a file of a result is; undefined for one that is none */
export function outputFileOf(
  path: string,
  labels: InstanceLabels
): (InstanceName & { stream: keyof typeof OUTPUT_FILES }) | undefined {
  const parsed = parseResultPath(path)
  if (parsed?.kind !== 'workload') return undefined
  const [file = '', label, ...more] = parsed.rest.split('/').toReversed()
  const stream = STREAMS.find(each => OUTPUT_FILES[each] === file)
  if (stream == null || more.length > 0) return undefined
  if (label == null) return { member: parsed.member, stream }
  const instance = labels.get(label)
  return instance == null ? undefined : { member: parsed.member, ...instance, stream }
}

const numbered = ({ name: workload, instances }: { name: string; instances: number }, instance: number) => ({
  workload,
  ...(instances === 1 ? {} : { instance })
})
