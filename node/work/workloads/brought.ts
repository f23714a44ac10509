/** What the workloads of a run bring to one member: every command line that it is to start, for the owner's rules. Pure. */
import type { Spec } from '../../../protocols/spec.ts'
import type { Placement } from '../../../protocols/workload.ts'
import { argvOf } from '../contract.ts'
import { placedOf } from './assign.ts'

export interface Brought {
  /** Of the workload. */
  name: string
  /** The words of its command; those of a client once for each iteration that adds others. */
  commands: string[][]
  /** Of the command that says whether it is ready. */
  ready?: string[]
  directory?: string | undefined
  env: Record<string, string>
}

export function broughtBy(spec: Pick<Spec, 'workload' | 'iterations'>, placements?: Placement[]): Brought[] {
  return placedOf(spec, placements).map(({ workload: { name, role, command, ready, directory, env } }) => {
    const iterations = role === 'client' ? spec.iterations : [{ args: [] }]
    const lines = new Map(iterations.map(each => [JSON.stringify(each.args), argvOf(command, each)]))
    const probe = ready?.command == null ? {} : { ready: argvOf(ready.command, { args: [] }) }
    return { name, commands: [...lines.values()], directory, env, ...probe }
  })
}
