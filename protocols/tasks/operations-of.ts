/** All operations of a spec: those with a name, and those that stand in their task. Pure. */
import type { Spec } from '../spec.ts'
import { placementOf } from '../staged.ts'
import { addressesOf } from './http-address.ts'
import type { Operation } from './operation.ts'

export type WithOperations = Pick<Spec, 'operation' | 'task'>

/** @returns each with what it is called in messages: its name, or that of its task */
export function operationsOf({ operation: named, task }: WithOperations): { called: string; operation: Operation }[] {
  const own = task.flatMap(({ operation, name }) =>
    typeof operation === 'string' ? [] : [{ called: name ?? operation.type, operation }]
  )
  return [...named.map(({ name: called, ...operation }) => ({ called, operation })), ...own]
}

/** @returns the paths of files that an operation needs in the working folder, as they are written */
export function filesOf(operation: Operation): string[] {
  if (operation.type === 'module') return [operation.module]
  return operation.type === 'http' && operation.body_file != null ? [operation.body_file] : []
}

/** @returns schemes, hosts and ports that `http` operations send requests to, each once */
export const originsOf = (spec: WithOperations): string[] => [
  ...new Set(
    operationsOf(spec).flatMap(({ operation }) =>
      operation.type === 'http' ? addressesOf(operation).map(({ origin }) => origin) : []
    )
  )
]

/** @returns the files of all operations that are put there for them alone: each once, and none that `stage` brings already */
export function ownFilesOf(spec: WithOperations & Pick<Spec, 'stage'>): string[] {
  const all = new Set(operationsOf(spec).flatMap(({ operation }) => filesOf(operation)))
  return [...all].filter(file => !spec.stage.some(staged => bringsFile(staged, file)))
}

/** A folder that is staged has the file in it, at the place where it would be put by itself. */
function bringsFile(staged: string, file: string): boolean {
  const plain = (path: string) => path.replaceAll('/./', '/').replace(/\/\.?$/, '')
  if (plain(file) === plain(staged)) return true
  if (!plain(file).startsWith(`${plain(staged)}/`)) return false
  const place = placementOf(staged)
  const inside = plain(file).slice(plain(staged).length + 1)
  return placementOf(file) === (place === '.' ? inside : `${place}/${inside}`)
}

/** @returns the operation with addresses in the place of the names of servers, `{{NAME.address}}` */
export function withServers<T extends Operation>(operation: T, addressed: (word: string) => string): T {
  if (operation.type === 'module') return operation
  if (operation.type === 'command') {
    const { command } = operation
    return { ...operation, command: typeof command === 'string' ? addressed(command) : command.map(addressed) }
  }
  const { url, targets } = operation
  return { ...operation, url: addressed(url), ...(targets == null ? {} : { targets: targets.map(addressed) }) }
}
