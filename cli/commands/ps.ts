/** `bak ps`: lists the runs in progress anywhere in the mesh. */
import type { Command } from 'commander'
import type { RunLine } from '../../protocols/control.ts'
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
  const hasJobs = answer.runs.some(({ jobs, slotsHere }) => jobs != null || slotsHere != null)
  const rows = answer.runs.map(line => {
    const { run, name, state, phase, members, excluded, beside, created, controller } = line
    return [
      run,
      name,
      state,
      phase,
      ...(hasJobs ? [describeJobs(line)] : []),
      members,
      created == null ? undefined : formatAge(Date.now() - created),
      controller.name,
      formatExcluded(excluded),
      beside.map(({ run, members }) => `${run} on ${members.join(', ')}`).join('; ')
    ]
  })
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

/** Who drives a run counts its jobs; any other peer knows those that run on it. */
function describeJobs({ jobs, slotsHere }: RunLine): string | undefined {
  if (jobs != null) return describeCounts(jobs)
  return slotsHere == null ? undefined : `${slotsHere} ${slotsHere === 1 ? 'slot' : 'slots'} taken here`
}
