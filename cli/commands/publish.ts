/** `bak publish`: says something, from inside of a workload, to all who subscribe. */
import type { Command } from 'commander'
import { addExamples, setAction } from '../command.ts'
import { callFromWorkload } from '../workload-call.ts'

export function define(command: Command): void {
  command.argument('<name>', 'of the topic').argument('[value...]', 'any words; - reads them from stdin')
  command.allowUnknownOption()
  addExamples(command, {
    'bak publish ready "port 5201"': 'all subscribers hear it, in the same order, also those that come later'
  })
  setAction(command, (_, __, ...words) => callFromWorkload({ call: 'publish', words }))
}
