/** Instances for tests of collectives: of two workloads on members m0, m1, ... */
import type { Instance } from '../../../node/run/collectives/instances.ts'

/** @param each instances of the workload `load` on each member */
export const instancesOn = (members: number, each = 1): Instance[] =>
  Array.from({ length: members }, (_, i) =>
    Array.from({ length: each }, (_, k) => ({
      ...{ peer: `p${i}`, member: `m${i}`, workload: 'load', instance: k + 1, of: each },
      groups: i % 2 === 0 ? ['even'] : []
    }))
  ).flat()

export const server = (member: number): Instance => ({
  ...{ peer: `p${member}`, member: `m${member}`, workload: 'server', instance: 1, of: 1, groups: [] }
})
