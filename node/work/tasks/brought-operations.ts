/** What the operations of a run's tasks bring to a member that loads, for the owner's rules: `http` sends requests, and brings nothing. Pure. */
import type { Spec } from '../../../protocols/spec.ts'
import { placementOf } from '../../../protocols/staged.ts'
import { operationsOf, type WithOperations } from '../../../protocols/tasks/operations-of.ts'
import { DRIVER } from '../../../protocols/tasks/task.ts'
import { argvOf } from '../contract.ts'
import type { Brought } from '../workloads/brought.ts'

/** @returns the commands, and each module as the program that it is; undefined where its tasks send requests over HTTP alone */
export function broughtByOperations(spec: WithOperations & Partial<Pick<Spec, 'stage'>>): Brought | undefined {
  const lines = operationsOf(spec).flatMap(({ operation }) => {
    if (operation.type === 'command') return [argvOf(operation.command, { args: [] })]
    return operation.type === 'module' ? [[`./${placementOf(operation.module)}`]] : []
  })
  const commands = [...new Map(lines.map(words => [JSON.stringify(words), words])).values()]
  if (commands.length === 0) return undefined
  const isStaged = (spec.stage?.length ?? 0) > 0 || operationsOf(spec).some(each => each.operation.type === 'module')
  return { name: DRIVER, commands, env: {}, isStaged }
}
