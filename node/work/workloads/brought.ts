/** What the workloads of a run bring to one member: every command line that it is to start, for the owner's rules. Pure. */
import type { Spec } from '../../../protocols/spec.ts'
import type { Placement } from '../../../protocols/workload.ts'
import { argvOf } from '../contract.ts'
import { placedOf } from './assign.ts'

export interface Brought {
  /** A workload where it is left out. */
  kind?: 'job'
  /** Of the workload, or the job. */
  name: string
  /** The words of its command; those of a client once for each iteration that adds others. */
  commands: string[][]
  /** Of the command that says whether it is ready. */
  ready?: string[]
  directory?: string | undefined
  env: Record<string, string>
  /** Something is staged for it: its program may be among that. */
  isStaged?: boolean
}

/** @returns `workload x`, or `job x` */
export const broughtInWords = ({ kind, name }: Pick<Brought, 'kind' | 'name'>): string =>
  `${kind ?? 'workload'} ${name}`

type Asked = Pick<Spec, 'workload' | 'iterations'> & Partial<Pick<Spec, 'stage'>>

export function broughtBy(spec: Asked, placements?: Placement[]): Brought[] {
  return placedOf(spec, placements).map(({ workload: { name, role, command, ready, directory, env, stage } }) => {
    const iterations = role === 'client' ? spec.iterations : [{ args: [] }]
    const lines = new Map(iterations.map(each => [JSON.stringify(each.args), argvOf(command, each)]))
    const probe = ready?.command == null ? {} : { ready: argvOf(ready.command, { args: [] }) }
    const isStaged = stage.length > 0 || (spec.stage?.length ?? 0) > 0
    return { name, commands: [...lines.values()], directory, env, isStaged, ...probe }
  })
}
