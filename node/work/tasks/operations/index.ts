/** The kinds of operations, one a line. Each is loaded where a task needs it. */
import type { Operation } from '../../../../protocols/tasks/operation.ts'
import type { OperationRunner, RunnerInit } from '../operation.ts'

type Kinds = {
  [K in Operation['type']]: (operation: Extract<Operation, { type: K }>, init: RunnerInit) => Promise<OperationRunner>
}

const kinds: Kinds = {
  http: async (operation, { folder }) => (await import('./http-operation.ts')).httpRunner(operation, folder),
  command: async operation => (await import('./command-operation.ts')).commandRunner(operation),
  module: async (operation, init) => (await import('./module-operation.ts')).moduleRunner(operation, init)
}

/**
 * Once in each worker thread and operation.
 * @throws {BakError} `bad-run-file` for a module that cannot be loaded or lacks the function, and for an address that is none
 */
export function runnerOf<K extends Operation['type']>(
  operation: Extract<Operation, { type: K }>,
  init: RunnerInit
): Promise<OperationRunner> {
  const make = kinds[operation.type as K] as Kinds[K]
  return make(operation, init)
}
