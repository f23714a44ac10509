/** The jobs that a run would have, as a table: what each needs, and who may run it. */
import type { Plan } from '../../protocols/control.ts'
import { listInWords } from '../../protocols/list-in-words.ts'
import { formatTable } from '../../protocols/text-table.ts'

const MAX_NAMED = 6

export const drawPlannedJobs = (jobs: NonNullable<Plan['jobs']>): string =>
  formatTable(
    ['JOB', 'ROLE', 'NEEDS', 'MEMBERS'],
    jobs.map(({ name, role, needs, on, members, why }) => [
      name,
      role,
      listInWords(needs, MAX_NAMED),
      why ??
        (members === on.length
          ? listInWords(on, MAX_NAMED)
          : `${on.slice(0, MAX_NAMED).join(', ')} and ${members - MAX_NAMED} more`)
    ])
  )
