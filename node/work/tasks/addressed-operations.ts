/** Operations with addresses in the place of the names of servers, as a member reaches them. Pure. */
import { isIPv6 } from 'node:net'
import { BakError } from '../../../protocols/errors.ts'
import { namesIn, type ServerAddresses, withAddresses } from '../../../protocols/server-words.ts'
import type { Spec } from '../../../protocols/spec.ts'
import type { NamedOperation, Operation } from '../../../protocols/tasks/operation.ts'

/**
 * @param rank of the member among those with clients: they are spread over the instances of a server by it
 * @throws {BakError} `unreachable` for a server of whose machine no address is known here
 */
export function addressedOperations(spec: Spec, servers: ServerAddresses, rank: number): Spec {
  const inUrl = new Map([...servers].map(([name, addresses]) => [name, addresses.map(bracketed)]))
  const word = (text: string, known: ServerAddresses) => {
    const addressed = withAddresses(text, known, rank)
    const [unknown] = namesIn(addressed)
    if (unknown == null) return addressed
    throw new BakError('unreachable', `no address of the machine of server ${unknown} is known here`)
  }
  const addressed = <T extends Operation | NamedOperation>(operation: T): T => {
    if (operation.type === 'http')
      return {
        ...operation,
        url: word(operation.url, inUrl),
        ...(operation.targets == null ? {} : { targets: operation.targets.map(each => word(each, inUrl)) })
      }
    if (operation.type !== 'command') return operation
    const { command } = operation
    const words = typeof command === 'string' ? word(command, servers) : command.map(each => word(each, servers))
    return { ...operation, command: words }
  }
  return {
    ...spec,
    operation: spec.operation.map(addressed),
    task: spec.task.map(each =>
      typeof each.operation === 'string' ? each : { ...each, operation: addressed(each.operation) }
    )
  }
}

const bracketed = (address: string) => (isIPv6(address) ? `[${address}]` : address)
