/** `bak move`: brings results to a peer that archives, a folder or a pbench server, and deletes them here when they are proven there. */
import type { Command } from 'commander'
import { addExamples, addFlag, type Context, setAction } from '../command.ts'
import type { DatasetFlags } from '../dataset-flags.ts'
import { defineMove, moveResults } from '../move-results.ts'

export function define(command: Command): void {
  defineMove(command)
  addFlag(command, '--keep', 'keep a copy here, as bak copy does')
  addExamples(command, {
    'bak move last archive':
      'to the peer with the label archive=true; deletes the copy here after that peer verified its own',
    'bak move k3f9ab x7d2qm /mnt/results': 'to a folder of this machine, as /mnt/results/RUN',
    'bak move last https://pbench.example.com': 'to a pbench server; its token is in PBENCH_ACCESS_TOKEN'
  })
  setAction(command, act)
}

const act = (context: Context, options: DatasetFlags & { keep?: boolean }, ...words: string[]) =>
  moveResults(context, options, words)
