/** `bak get`: writes, inside of a workload, the value of a key as soon as it has one. */
import type { Command } from 'commander'
import { addExamples, addFlag, setAction } from '../command.ts'
import { callFromWorkload } from '../workload-call.ts'

interface Options {
  timeout?: string
}

export function define(command: Command): void {
  command.argument('<key>')
  addFlag(command, '--timeout <seconds>', 'status 1 if there is none then; 300 by default, 0 is never')
  addExamples(command, { 'iperf3 -c $(bak get address)': 'waits until somebody has put it' })
  setAction<Options>(command, (_, { timeout }, key = '') =>
    callFromWorkload({ call: 'get', words: [key], options: { timeout } })
  )
}
