/** A run as one line: the folder of its result. */
import { countFailed, failuresAtEnd } from '../jobs/conclude-jobs.ts'
import { noJobs, reduceJobs } from '../jobs/job-progress.ts'
import { cleanLine, writeNotes, writeTo } from '../output.ts'
import { conclude } from '../verdict.ts'
import type { View } from './view.ts'

/** Only the folder, or where the result went, and the reason if the run was no success. */
export function quietView(): View {
  let jobs = noJobs
  const say = (text: string) => writeTo(process.stderr, `${text}\n`)
  return {
    start: async () => {},
    show: async event => {
      jobs = reduceJobs(jobs, event)
    },
    say,
    finish: async (run, ended, moved) => {
      if (ended == null) return
      const place = moved?.place ?? ended.folder
      if (place !== '') await writeTo(process.stdout, `${cleanLine(place)}\n`)
      // the folder is on stdout
      if (ended.status !== 0 || ended.partial || ended.shortfalls.length > 0 || moved?.error != null) {
        const failures = ended.verdict === 'ok' ? [] : failuresAtEnd(jobs, run, false)
        const counts = { failed: countFailed(jobs) }
        await writeNotes(conclude(run, { ...ended, folder: '' }, moved, failures, counts))
      }
    }
  }
}
