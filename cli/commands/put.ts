/** `bak put`: gives a key, from inside of a workload, its value for all. */
import type { Command } from 'commander'
import { addExamples, setAction } from '../command.ts'
import { callFromWorkload } from '../workload-call.ts'

export function define(command: Command): void {
  command.argument('<key>').argument('<value...>', 'any words; - reads them from stdin')
  command.allowUnknownOption()
  addExamples(command, { 'bak put address "10.0.0.1:5201"': 'bak get address writes it, on every member' })
  setAction(command, (_, __, ...words) => callFromWorkload({ call: 'put', words }))
}
