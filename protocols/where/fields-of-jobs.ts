/** What an expression can ask of a job: the fields of its line in lists, and how each is compared. */
import type { JobLine } from '../control/jobs.ts'
import { jobRole } from '../jobs/job.ts'
import { JOB_STATES } from '../jobs/job-state.ts'
import { graphKey } from '../layout.ts'
import { type Field, type Fields, textField as text } from './field.ts'

const fields: Record<string, Field<JobLine>> = {
  job: text(({ job }) => job),
  state: text(({ state }) => state, JOB_STATES),
  run: text(({ run }) => run),
  role: text(({ graph }) => graph.role, jobRole.options),
  graph: text(({ graph }) => graphKey(graph)),
  member: text(({ member }) => member),
  at: text(({ at }) => at),
  attempts: { kind: 'number', of: ({ attempt }) => attempt },
  exit: { kind: 'number', of: ({ exit }) => exit },
  took: { kind: 'duration', of: ({ duration }) => duration },
  began: { kind: 'instant', of: ({ began }) => began },
  changed: { kind: 'instant', of: ({ changed }) => changed },
  age: { kind: 'duration', of: ({ changed }, now) => Math.max(0, now - changed) },
  outputs: { kind: 'number', of: ({ outputs }) => outputs },
  bytes: { kind: 'bytes', of: ({ bytes }) => bytes },
  why: text(({ why }) => why),
  reason: text(({ reason }) => reason),
  from: text(({ from }) => from?.join(' ')),
  key: text(({ key }) => key)
}

export const fieldsOfJobs: Fields<JobLine> = {
  names: Object.keys(fields),
  of: name => (Object.hasOwn(fields, name) ? fields[name] : undefined)
}
