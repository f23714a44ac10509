/** What tasks came to in a run whose daemon was killed: of `tasks.json` what certificates prove. */
import type { CheckedCertificate } from '../../protocols/certificate.ts'
import type { RosterEntry } from '../../protocols/manifest.ts'
import type { Spec } from '../../protocols/spec.ts'
import { readTasksFile } from '../../protocols/tasks/read-tasks-file.ts'
import type { TasksFile } from '../../protocols/tasks/tasks-file.ts'
import { type SampleAnswers, taskAnswersIn, taskKey } from '../../protocols/verify/task-answers.ts'
import { entriesOfFile } from '../../protocols/verify/task-results-check.ts'
import type { WorkEntry } from '../../protocols/work-entry.ts'
import type { RunFolder } from '../store/run-folder.ts'

/** Writes files anew that have more than is proven. @returns the entries of the record */
export async function recoverTasks(
  folder: RunFolder,
  certificates: CheckedCertificate[],
  { roster, spec }: { roster: RosterEntry[]; spec: Spec }
): Promise<WorkEntry[]> {
  const entries: WorkEntry[] = []
  for (const sample of taskAnswersIn(certificates, roster).values()) {
    // one that cannot be read stays as it is: `bak verify` names it
    const file = await readTasksFile(folder.root, sample.step).catch(() => undefined)
    if (file == null) continue
    const proven = provenIn(file, sample)
    if (proven.tasks.length < file.tasks.length) await folder.writeTasks(sample.step, proven)
    entries.push(...entriesOfFile(proven, sample, spec))
  }
  return entries
}

/** A task was proven if each of its members signed it that is not said to be lost. */
function provenIn(file: TasksFile, { tasks: signed }: SampleAnswers): TasksFile {
  const tasks = file.tasks.filter(each => {
    const answers = signed.get(taskKey(each))
    return each.members.every(({ member, lost }) => lost || answers?.has(member))
  })
  const elements = file.elements.filter(({ element }) => tasks.some(each => each.element === element))
  return { ...file, elements, tasks }
}
