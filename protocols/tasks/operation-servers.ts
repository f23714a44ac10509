/** How operations name the machines of servers that run beside tasks: as commands do (server-words.ts). Pure. */
import type { Operation } from './operation.ts'

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
