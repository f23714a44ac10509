/** Flags of the commands that follow a run. */
import type { Command } from 'commander'
import { addFlag } from './command.ts'
import { parseNumber } from './spec-flags.ts'

/** The flags of every command that follows a run to its end. */
export function addFollowFlags(command: Command): void {
  addFlag(command, '--strict', 'exit with 2 if members are missing in the result')
  addFlag(command, '--propagate-exit', "exit with the workload's own status if it failed")
  addFlag(command, '--quiet', 'print only the folder of the result')
  addFlag(command, '--no-progress', 'lines instead of a live screen')
  addFlag(command, '--heartbeat <s>', 'seconds of silence between two signs of life (15)', option =>
    option.argParser(parseNumber)
  )
}
