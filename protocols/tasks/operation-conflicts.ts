/** What is wrong with the operations of tasks: names that are of none, addresses that are none. Pure. */
import { namesIn, withAddresses } from '../server-words.ts'
import type { SpecInput } from '../spec.ts'
import type { Path } from '../toml-lines.ts'
import type { ValidationError } from '../validation-errors.ts'
import { faultInHttp } from './http-address.ts'
import type { Operation } from './operation.ts'
import { withServers } from './operations-of.ts'
import type { TaskKeys } from './task.ts'
import { unknownIn } from './unknown-name.ts'

const IN_LOAD = ['prepare', 'setup', 'teardown'] as const

export function wrongOperations(
  { task, operation, load }: TaskKeys,
  { workload = [] }: Partial<SpecInput>
): ValidationError[] {
  const known = operation.map(({ name }) => name)
  const servers = workload.filter(({ role }) => role === 'server').map(({ name }) => name)
  const inOne = (given: Operation, path: Path) =>
    wrongIn(given, servers).map(({ key, what }) => ({ path: [...path, key], what }))
  return [
    ...operation.flatMap((each, i) => [
      ...(known.indexOf(each.name) === i
        ? []
        : [{ path: ['operation', i, 'name'], what: 'is the name of another operation' }]),
      ...inOne(each, ['operation', i])
    ]),
    ...task.flatMap(({ operation: given }, i) => {
      const path = ['task', i, 'operation']
      if (typeof given !== 'string') return inOne(given, path)
      return known.includes(given) ? [] : [{ path, what: unknownIn(given, known, '[[operation]]') }]
    }),
    ...IN_LOAD.flatMap(key =>
      (load?.[key] ?? []).flatMap((name, i) =>
        known.includes(name) ? [] : [{ path: ['load', key, i], what: unknownIn(name, known, '[[operation]]') }]
      )
    )
  ]
}

function wrongIn(operation: Operation, servers: string[]): Array<{ key: string; what: string }> {
  if (operation.type === 'module') return []
  const words =
    operation.type === 'command' ? [operation.command].flat() : [operation.url, ...(operation.targets ?? [])]
  const key = operation.type === 'command' ? 'command' : 'url'
  const unknown = words.flatMap(namesIn).find(name => !servers.includes(name))
  if (unknown != null) return [{ key, what: unknownIn(unknown, servers, 'workload of servers') }]
  if (operation.type === 'command') return []
  const fault = faultInHttp(withAnyAddress(operation, servers))
  if (fault == null) return []
  const [at = '', ...rest] = fault.split(': ')
  return [{ key: at, what: rest.join(': ') }]
}

/** As members have it, who know the addresses of servers. */
function withAnyAddress<T extends Extract<Operation, { type: 'http' }>>(operation: T, servers: string[]): T {
  const some = new Map(servers.map(name => [name, ['127.0.0.1']]))
  return withServers(operation, word => withAddresses(word, some, 0))
}
