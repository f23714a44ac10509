/** `bak ps`: lists the runs in progress anywhere in the mesh. */
import type { Command } from 'commander'
import { formatTable } from '../../protocols/text-table.ts'
import { addExamples, type Context, setAction } from '../command.ts'
import { formatAge, formatExcluded } from '../format.ts'
import { describeCounts } from '../jobs/job-progress.ts'

export function define(command: Command): void {
  addExamples(command, { 'bak ps': 'the same on any peer; bak attach follows one' })
  setAction(command, act)
}

async function act({ json, ask, print, printLines }: Context): Promise<void> {
  const answer = await ask('ls', { mesh: true, active: true })
  if (json) return print(JSON.stringify(answer))
  if (answer.runs.length === 0) return print('no runs')
  const hasJobs = answer.runs.some(({ jobs }) => jobs != null)
  const rows = answer.runs.map(({ run, name, state, phase, members, jobs, excluded, beside, created, controller }) => [
    run,
    name,
    state,
    phase,
    ...(hasJobs ? [jobs && describeCounts(jobs)] : []),
    members,
    created == null ? undefined : formatAge(Date.now() - created),
    controller.name,
    formatExcluded(excluded),
    beside.map(({ run, members }) => `${run} on ${members.join(', ')}`).join('; ')
  ])
  await printLines(
    formatTable(
      [
        ...['RUN', 'NAME', 'STATE', 'PHASE', ...(hasJobs ? ['JOBS'] : [])],
        ...['MEMBERS', 'AGE', 'CONTROLLER', 'EXCLUDED', 'BESIDE']
      ],
      rows
    )
  )
}
