/** `bak ls`: lists the runs whose results are here, or anywhere in the mesh. */
import type { Command } from 'commander'
import type { RunLine } from '../../protocols/control.ts'
import { formatTable } from '../../protocols/text-table.ts'
import { addExamples, addFlag, type Context, setAction } from '../command.ts'
import { formatBytes, formatDuration, formatExcluded, formatTime, formatVerdict } from '../format.ts'

export function define(command: Command): void {
  addFlag(command, '--mesh', 'also the runs that other peers drive or have')
  addExamples(command, {
    'bak ls': 'verdicts, and which members were excluded in which phase',
    'bak ls --mesh': 'also the runs of other peers; AT is who has the result',
    'bak ls --json | jq -r ".runs[].folder"': 'the folders'
  })
  setAction(command, act)
}

async function act({ json, ask, print, printLines }: Context, { mesh }: { mesh?: boolean }): Promise<void> {
  const answer = await ask('ls', { mesh })
  if (json) return print(JSON.stringify(answer))
  await printLines(formatRuns(answer.runs, mesh))
}

function formatRuns(runs: RunLine[], mesh = false): string {
  const rows = runs.map(
    ({ run, name, state, verdict, partial, members, bytes, created, took, controller, excluded, at }) => [
      run,
      name,
      `${formatVerdict(verdict ?? state)}${partial ? ' (partial)' : ''}`,
      members,
      bytes == null ? undefined : formatBytes(bytes),
      created == null ? undefined : formatTime(created),
      took == null ? undefined : formatDuration(took),
      controller.name,
      ...(mesh ? [at] : []),
      formatExcluded(excluded)
    ]
  )
  const where = mesh ? ['AT'] : []
  return formatTable(
    ['RUN', 'NAME', 'VERDICT', 'MEMBERS', 'BYTES', 'CREATED', 'TOOK', 'CONTROLLER', ...where, 'EXCLUDED'],
    rows
  )
}
