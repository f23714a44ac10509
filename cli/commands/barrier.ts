/** `bak barrier`: waits, from inside of a workload, until all instances have come. */
import type { Command } from 'commander'
import { addExamples, addFlag, setAction } from '../command.ts'
import { callFromWorkload } from '../workload-call.ts'

interface Options {
  group?: string
  count?: string
  timeout?: string
}

export function define(command: Command): void {
  command.argument('<name>', 'the same name may be used again and again')
  addFlag(command, '--group <group>', 'of a workload, of a group of the run, or all; by default of the own workload')
  addFlag(command, '--count <n>', 'only so many of them')
  addFlag(command, '--timeout <seconds>', 'then whoever is missing is named; 300 by default, 0 is never')
  addExamples(command, {
    'bak barrier loaded': 'all instances of this workload leave it together',
    'bak barrier done --group all --timeout 60': 'those of all workloads; status 1 names who is missing after 60 s'
  })
  setAction<Options>(command, (_, { group, count, timeout }, name = '') =>
    callFromWorkload({ call: 'barrier', words: [name], options: { group, count, timeout } })
  )
}
