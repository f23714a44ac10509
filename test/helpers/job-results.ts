/** Results of jobs that a test signs. */
import { type Envelope, type Signed, type Signer, seal } from '../../protocols/envelope.ts'
import { type JobResult, jobResultSubject } from '../../protocols/jobs/job-result.ts'
import type { JobEntry } from '../../protocols/jobs/jobs-file.ts'

export const hex = (number: number): string => number.toString(16).padStart(64, '0')

export function signedResult(signer: Signer, more: Partial<JobResult> = {}): Signed<JobResult> {
  const value: JobResult = {
    ...{ run: '20261122T213015-k3f9ab', graph: { role: 'setup' }, job: 'lib', attempt: 1, key: hex(1) },
    ...{ outcome: 'done', exit: 0, timedOut: false, began: 1_000, duration: 20, inputs: [] },
    outputs: [{ path: 'lib.a', digest: hex(100), kind: 'file', bytes: 5 }],
    ...{ lines: 0, dropped: 0, tail: [], platform: 'linux-x64' },
    ...more
  }
  return { by: signer.peer, value, envelope: seal(jobResultSubject, value, signer) }
}

/** The same with a signature that is wrong. */
export function badlySigned({ envelope, ...result }: Signed<JobResult>): Signed<JobResult> {
  const bad: Envelope = { ...envelope, signature: new Uint8Array(64) }
  return { ...result, envelope: bad }
}

export const jobEntryOf = (more: Partial<JobEntry> = {}): JobEntry => ({
  ...{ graph: { role: 'setup' }, job: 'lib', role: 'setup', state: 'done', needs: [], outputs: [] },
  attempts: [{ attempt: 1, member: 'n1', outcome: 'done', offered: 900 }],
  member: 'n1',
  ...more
})
