/** `bak job run`: `bak run` of a file that has jobs. */
import type { Command } from 'commander'
import { BakError } from '../../../protocols/errors.ts'
import { addExamples, type Context, setAction } from '../../command.ts'
import { keysOfRunFile } from '../../given-run-file.ts'
import { addRunFlags, type RunOptions, startRun } from '../run.ts'

export function defineRun(command: Command): void {
  command.usage('FILE.toml [options] [-- COMMAND]').argument('<file>', 'a run file with jobs')
  addRunFlags(command)
  addExamples(command, {
    'bak job run build.toml': 'its jobs, on the members that it says',
    'bak job run build.toml --dry-run': 'which member may run which job'
  })
  setAction(command, act, true)
}

function act(context: Context, options: RunOptions, file = ''): Promise<number> {
  const { keys } = keysOfRunFile(file)
  if ((keys.job ?? []).length === 0)
    throw new BakError('usage', `${file} has no [[job]]: bak run ${file} runs what it has`)
  return startRun(context, options, file)
}
