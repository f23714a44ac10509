/** `bak ls`: lists the runs whose results are here, or anywhere in the mesh. */
import type { Command } from 'commander'
import type { RunLine } from '../../protocols/control.ts'
import { formatTable } from '../../protocols/text-table.ts'
import { addExamples, addFlag, type Context, setAction } from '../command.ts'
import { formatBytes, formatDuration, formatExcluded, formatTime, formatVerdict } from '../format.ts'

export function define(command: Command): void {
  addFlag(command, '--mesh', 'also the runs that other peers drive or have')
  addExamples(command, {
    'bak ls': 'verdicts, excluded members, and where results went that were moved',
    'bak ls --mesh': 'also the runs of other peers; AT is who has the result',
    'bak ls --json | jq -r ".runs[].folder"': 'the folders'
  })
  setAction(command, act)
}

async function act({ json, ask, print, printLines }: Context, { mesh }: { mesh?: boolean }): Promise<void> {
  const answer = await ask('ls', { mesh })
  if (json) return print(JSON.stringify(answer))
  await printLines(answer.runs.length === 0 ? 'no runs' : formatRuns(answer.runs, mesh))
}

function formatRuns(runs: RunLine[], mesh = false): string {
  const linked = runs.some(({ resumes, resumedBy }) => resumes != null || resumedBy != null)
  const isMoved = runs.some(({ moved }) => moved != null)
  const rows = runs.map(
    ({
      run,
      name,
      state,
      verdict,
      partial,
      members,
      bytes,
      created,
      took,
      controller,
      excluded,
      at,
      moved,
      ...line
    }) => [
      run,
      name,
      `${formatVerdict(verdict ?? state)}${partial ? ' (partial)' : ''}`,
      members,
      bytes == null ? undefined : formatBytes(bytes),
      created == null ? undefined : formatTime(created),
      took == null ? undefined : formatDuration(took),
      controller.name,
      ...(mesh ? [at] : []),
      ...(isMoved ? [moved] : []),
      formatExcluded(excluded),
      ...(linked ? [describeLinks(line)] : [])
    ]
  )
  const where = [...(mesh ? ['AT'] : []), ...(isMoved ? ['MOVED TO'] : [])]
  const links = linked ? ['RESUMES'] : []
  return formatTable(
    ['RUN', 'NAME', 'VERDICT', 'MEMBERS', 'BYTES', 'CREATED', 'TOOK', 'CONTROLLER', ...where, 'EXCLUDED', ...links],
    rows
  )
}

const describeLinks = ({ resumes, resumedBy }: Pick<RunLine, 'resumes' | 'resumedBy'>) =>
  [resumes, resumedBy && `by ${resumedBy.join(', ')}`].filter(each => each != null).join('; ')
