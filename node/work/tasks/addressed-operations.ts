/** Operations with addresses in the place of the names of servers, as a member reaches them. Pure. */
import { isIPv6 } from 'node:net'
import { BakError } from '../../../protocols/errors.ts'
import { namesIn, type ServerAddresses, withAddresses } from '../../../protocols/server-words.ts'
import type { Spec } from '../../../protocols/spec.ts'
import type { Operation } from '../../../protocols/tasks/operation.ts'
import { withServers } from '../../../protocols/tasks/operations-of.ts'

/**
 * @param rank of the member among those with clients: they are spread over the instances of a server by it
 * @throws {BakError} `unreachable` for a server of whose machine no address is known here
 */
export function addressedOperations(spec: Spec, servers: ServerAddresses, rank: number): Spec {
  const inUrl = new Map([...servers].map(([name, addresses]) => [name, addresses.map(bracketed)]))
  const addressed = <T extends Operation>(operation: T): T =>
    withServers(operation, word => {
      const said = withAddresses(word, operation.type === 'http' ? inUrl : servers, rank)
      const [unknown] = namesIn(said)
      if (unknown == null) return said
      throw new BakError('unreachable', `no address of the machine of server ${unknown} is known here`)
    })
  const task = spec.task.map(each =>
    typeof each.operation === 'string' ? each : { ...each, operation: addressed(each.operation) }
  )
  return { ...spec, task, operation: spec.operation.map(addressed) }
}

const bracketed = (address: string) => (isIPv6(address) ? `[${address}]` : address)
