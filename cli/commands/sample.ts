/** `bak sample`: records a number, from inside of a workload. */
import type { Command } from 'commander'
import { addExamples, setAction } from '../command.ts'
import { callFromWorkload } from '../workload-call.ts'

export function define(command: Command): void {
  command
    .argument('<name>')
    .argument('<value>', 'a number')
    .argument('[meaning...]', 'its unit; whether more or less is better; of several instances the sum, mean or max')
  command.allowUnknownOption()
  addExamples(command, { 'bak sample latency 1.25 ms less': 'a line in metrics.ndjson of the instance' })
  setAction(command, (_, __, ...words) => callFromWorkload({ call: 'sample', words }))
}
