/** `bak ls`: lists the runs whose results are here, or anywhere in the mesh. */
import type { Command } from 'commander'
import type { RunLine } from '../../protocols/control.ts'
import { exitStatus } from '../../protocols/errors.ts'
import { listInWords } from '../../protocols/list-in-words.ts'
import { formatTable } from '../../protocols/text-table.ts'
import { fieldNames } from '../../protocols/where/fields-of-runs.ts'
import { readOrder, readWhere } from '../../protocols/where/where.ts'
import { addExamples, addFlag, type Context, setAction } from '../command.ts'
import { formatBytes, formatDuration, formatExcluded, formatLabels, formatTime, formatVerdict } from '../format.ts'
import { writeNotes } from '../output.ts'

/** Peers that a note names. */
const MAX_NAMED = 8

interface Options {
  mesh?: boolean
  where?: string
  sort?: string
}

export function define(command: Command): void {
  addFlag(command, '--mesh', 'also the runs that other peers drive or have')
  addFlag(command, '--where <expression>', `only those that fit, by ${listInWords(fieldNames, 32)}`)
  addFlag(command, '--sort <fields>', 'by fields with commas, -FIELD for the largest first (when they began)')
  addExamples(command, {
    'bak ls': 'verdicts, excluded members, and where results went that were moved',
    'bak ls --mesh': 'also the runs of other peers; AT is who has the result',
    'bak ls --where \'tags.kernel = "6.18" and name = fio\'': 'by tags, which bak run --tag and bak tag give',
    'bak ls --where "verdict != ok and age < 7d" --sort -took': 'what failed in a week, the longest first',
    'bak ls --json | jq -r ".runs[].folder"': 'the folders'
  })
  setAction(command, act)
}

async function act({ json, ask, print, printLines }: Context, { mesh, where, sort }: Options): Promise<number> {
  // without a daemon a mistake is named, too
  if (where != null) readWhere(where)
  if (sort != null) readOrder(sort)
  const answer = await ask('ls', { mesh, where, sort })
  const { runs, silent = [], cut = [] } = answer
  if (json) await print(JSON.stringify(answer))
  else if (runs.length === 0) await print(where == null ? 'no runs' : 'no run fits')
  else await printLines(formatRuns(runs, mesh))
  const notes = [
    ...silent.map(({ name, reason }) => `${name} did not say what it has: ${reason}`),
    ...(cut.length === 0 ? [] : [`the newest ones only of ${listInWords(cut, MAX_NAMED)}: bak ls there has all`])
  ]
  if (!json) await writeNotes(notes)
  return silent.length > 0 ? exitStatus.partial : 0
}

function formatRuns(runs: RunLine[], mesh = false): string {
  const linked = runs.some(({ resumes, resumedBy }) => resumes != null || resumedBy != null)
  const isMoved = runs.some(({ moved }) => moved != null)
  const isLacking = runs.some(({ excluded }) => excluded.length > 0)
  const isTagged = runs.some(({ tags }) => tags != null)
  const rows = runs.map(line => [
    line.run,
    line.name,
    `${formatVerdict(line.verdict ?? line.state, line.jobs)}${line.partial ? ' (partial)' : ''}`,
    line.members,
    line.bytes == null ? undefined : formatBytes(line.bytes),
    line.created == null ? undefined : formatTime(line.created),
    line.took == null ? undefined : formatDuration(line.took),
    line.controller.name,
    ...(mesh ? [line.at] : []),
    ...(isMoved ? [line.moved] : []),
    ...(isLacking ? [formatExcluded(line.excluded)] : []),
    ...(isTagged ? [formatLabels(line.tags ?? {})] : []),
    ...(linked ? [describeLinks(line)] : [])
  ])
  const where = [...(mesh ? ['AT'] : []), ...(isMoved ? ['MOVED TO'] : [])]
  const more = [...(isLacking ? ['EXCLUDED'] : []), ...(isTagged ? ['TAGS'] : []), ...(linked ? ['RESUMES'] : [])]
  return formatTable(
    ['RUN', 'NAME', 'VERDICT', 'MEMBERS', 'BYTES', 'CREATED', 'TOOK', 'CONTROLLER', ...where, ...more],
    rows
  )
}

const describeLinks = ({ resumes, resumedBy }: Pick<RunLine, 'resumes' | 'resumedBy'>) =>
  [resumes, resumedBy && `by ${resumedBy.join(', ')}`].filter(each => each != null).join('; ')
