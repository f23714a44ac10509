/** What starts a job, in words: its command, or what its script names in its first line. Pure. */
import { type Job, type JobsTable, jobsOf } from '../../../protocols/jobs/job.ts'
import { scriptOf } from '../../../protocols/jobs/job-script.ts'
import type { Brought } from '../workloads/brought.ts'

/** @param script text, or a path where it is @returns the argv that runs it, as the kernel makes it of the first line: a program, and what is behind it as one word */
function argvOfScript(text: string, script: string): string[] {
  const end = text.indexOf('\n')
  const line = text.slice(2, end < 0 ? text.length : end).trim()
  const [, program = '/bin/sh', word = ''] = /^(\S+)\s*(.*)$/s.exec(line) ?? []
  return [program, ...(word === '' ? [] : [word]), script]
}

/** @param path of the file with its script @returns what is started */
export function argvOfJob(job: Job, path: string): string[] {
  const text = scriptOf(job)
  return text == null ? (job.command ?? []) : argvOfScript(text, path)
}

/** @returns the same for who judges it and for the audit: the text of a script in the place of its file */
export function judgedWordsOf(job: Job): string[] {
  const text = scriptOf(job)
  return text == null ? (job.command ?? []) : argvOfScript(text, text)
}

/** @returns what a job brings to a member, for the owner's rules */
export const broughtByJob = (job: Job, spec: { jobs?: JobsTable | undefined }): Brought => ({
  ...{ kind: 'job', name: job.name, commands: [judgedWordsOf(job)] },
  env: { ...jobsOf(spec).env, ...job.env }
})
