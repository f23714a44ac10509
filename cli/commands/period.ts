/** `bak period`: marks, from inside of a workload, where a window begins and ends. */
import type { Command } from 'commander'
import { addExamples, setAction } from '../command.ts'
import { callFromWorkload } from '../workload-call.ts'

export function define(command: Command): void {
  command.argument('<edge>', 'begin or end').argument('<name>')
  addExamples(command, { 'bak period begin steady': 'what follows, until its end, belongs together' })
  setAction(command, (_, __, ...words) => callFromWorkload({ call: 'period', words }))
}
