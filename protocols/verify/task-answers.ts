/** What members signed about the tasks of a run, by sample, task and member: of one that said it twice the first counts. Pure. */
import type { CheckedCertificate } from '../certificate.ts'
import { cutText } from '../fields.ts'
import { stepFolder } from '../layout.ts'
import type { RosterEntry } from '../manifest.ts'
import type { Step } from '../phase.ts'
import type { TaskAnswer } from '../tasks/task-answer.ts'

export interface SampleAnswers {
  step: Step
  /** By `taskKey`, then by the name of the member. */
  tasks: Map<string, Map<string, TaskAnswer>>
}

export const taskKey = ({ element, task }: { element: number; task: string }): string => `${element} ${task}`

/** @param certificates in the order of their phases @returns by the folder of the sample */
export function taskAnswersIn(
  certificates: CheckedCertificate[],
  roster: Pick<RosterEntry, 'peer' | 'name'>[]
): Map<string, SampleAnswers> {
  const names = new Map(roster.map(({ peer, name }) => [peer, name]))
  const samples = new Map<string, SampleAnswers>()
  for (const { value, acks } of certificates) {
    const { step } = value ?? {}
    if (step == null) continue
    const sample = samples.get(stepFolder(step)) ?? { step, tasks: new Map() }
    for (const { by, value: answer } of acks)
      for (const each of answer.load?.tasks ?? []) {
        const known = sample.tasks.get(taskKey(each)) ?? new Map<string, TaskAnswer>()
        const member = names.get(by) ?? by
        if (!known.has(member)) known.set(member, each)
        sample.tasks.set(taskKey(each), known)
      }
    if (sample.tasks.size > 0) samples.set(stepFolder(step), sample)
  }
  return samples
}

/** @returns the first error that ended a task, and where */
export function errorIn(answers: Map<string, Pick<TaskAnswer, 'error'>>): string | undefined {
  for (const [member, { error }] of answers) if (error != null) return cutText(`${member}: ${error}`)
  return undefined
}

/** @returns how a task ended: cut short if it was so on any member, or if none could say */
export function endOf(answers: Iterable<Pick<TaskAnswer, 'ended'>>): TaskAnswer['ended'] {
  const ends = [...answers].map(({ ended }) => ended)
  if (ends.length === 0 || ends.includes('cut')) return 'cut'
  return ends.includes('completed') ? 'completed' : 'schedule'
}
