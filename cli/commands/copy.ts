/** `bak copy`: as `bak move`, and the result stays here too. */
import type { Command } from 'commander'
import { addExamples, type Context, setAction } from '../command.ts'
import type { DatasetFlags } from '../dataset-flags.ts'
import { defineMove, moveResults } from '../move-results.ts'

export function define(command: Command): void {
  defineMove(command)
  addExamples(command, {
    'bak copy last ./results': 'the folder results/RUN, verified; bak verify takes it on any machine',
    'bak copy last https://pbench.example.com --access public --metadata global.campaign:nightly': 'to a pbench server'
  })
  setAction(command, act)
}

const act = (context: Context, options: DatasetFlags, ...words: string[]) =>
  moveResults(context, { ...options, keep: true }, words)
