/** What a run brings to one member: the programs of its workloads and of its clients of tasks, for the owner's rules. Pure. */
import { DRIVER } from '../../protocols/tasks/task.ts'
import type { Placement } from '../../protocols/workload.ts'
import { broughtByOperations } from './tasks/brought-operations.ts'
import { type Brought, broughtBy } from './workloads/brought.ts'

interface Part {
  workloads?: Placement[] | undefined
  /** The member has clients of tasks. */
  hasClients: boolean
}

type Asked = Parameters<typeof broughtBy>[0] & Parameters<typeof broughtByOperations>[0]

export const broughtByRun = (spec: Asked, { workloads, hasClients }: Part): Brought[] => [
  ...broughtBy(spec, workloads),
  ...(hasClients ? [broughtByTasks(spec)] : [])
]

/** Also where its operations bring no program: their driver runs as programs of others do, within the owner's limits and with the network that those have. */
export const broughtByTasks = (spec: Parameters<typeof broughtByOperations>[0]): Brought =>
  broughtByOperations(spec) ?? { name: DRIVER, commands: [], env: {} }
