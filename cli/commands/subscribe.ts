/** `bak subscribe`: writes, inside of a workload, what is published, a message a line. */
import type { Command } from 'commander'
import { addExamples, addFlag, setAction } from '../command.ts'
import { callFromWorkload } from '../workload-call.ts'

interface Options {
  count?: string
  timeout?: string
}

export function define(command: Command): void {
  command.argument('<name>', 'of the topic')
  addFlag(command, '--count <n>', 'ends after so many messages')
  addFlag(command, '--timeout <seconds>', 'ends then; 0, the default, is never')
  addExamples(command, {
    'bak subscribe ready --count 3 --timeout 60': 'three messages from the first on; status 1 if fewer come within 60 s'
  })
  setAction<Options>(command, (_, { count, timeout }, name = '') =>
    callFromWorkload({ call: 'subscribe', words: [name], options: { count, timeout } })
  )
}
