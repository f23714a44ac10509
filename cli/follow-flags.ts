/** Flags of the commands that follow a run. */
import type { Command } from 'commander'
import { addFlag } from './command.ts'
import { parseNumber } from './spec-flags.ts'

export interface FollowFlags {
  strict?: boolean
  propagateExit?: boolean
  quiet?: boolean
  progress?: boolean
  tail?: boolean
  heartbeat?: number
  report?: boolean
  junit?: string
  explain?: boolean
  /** The folder into which outputs of jobs go. */
  fetch?: string
}

export function addFollowFlags(command: Command): void {
  addFlag(command, '--strict', 'exit with 2 if anything is missing that was asked for')
  addFlag(command, '--propagate-exit', 'exit with the status of the workload if it failed')
  addFlag(command, '--junit <file>', 'write the result as JUnit XML: the run, its samples, its thresholds')
  addFlag(command, '--quiet', 'print only the folder of the result')
  addFlag(command, '--no-progress', 'print lines instead of a live screen')
  addFlag(command, '--report', 'write report.html into the folder of the result when the run has ended')
  addFlag(command, '--explain', 'of jobs: say at the end why each was run or not')
  addFlag(
    command,
    '--fetch <folder>',
    'of jobs: at the end bring the outputs of those that nobody needs to FOLDER/JOB/OUTPUT'
  )
  addFlag(command, '--tail', 'on the live screen, the last line of output of each member')
  addFlag(
    command,
    '--heartbeat <s>',
    'seconds between two heartbeat lines while nothing else is printed (15)',
    parseNumber
  )
}
