/**
 * The working folder of a job: `inputs/` with what it needs, `outputs`, which leads to where its outputs belong, and its script. All of it is there
 * before its program, and anybody else, can enter.
 */
import { writeFileSync } from 'node:fs'
import { lchown, mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Job } from '../../../protocols/jobs/job.ts'
import { scriptOf } from '../../../protocols/jobs/job-script.ts'
import type { JobOffer } from '../../../protocols/jobs/job-stream.ts'
import type { ArtifactStore } from '../../artifacts/artifact-store.ts'
import type { Places, Prepared } from '../../processes/programs.ts'
import { onDisk } from '../../store/disk.ts'
import { placeInputs } from './job-inputs.ts'
import { argvOfJob } from './job-words.ts'

const INPUTS = 'inputs'
const OUTPUTS = 'outputs'
const SCRIPT = '.bak-script'

export interface JobPlaces {
  job: Job
  inputs: JobOffer['inputs']
  /** What bak tells it, but for where its folders are. */
  told: Record<string, string>
  store: ArtifactStore
  signal: AbortSignal
}

/** @throws {BakError} as `placeArtifact` does */
export async function prepareJob(
  { job, inputs, told, store, signal }: JobPlaces,
  { cwd, out, owner }: Places
): Promise<Prepared> {
  const own = join(cwd, INPUTS)
  await onDisk(cwd, async () => {
    await mkdir(own)
    await symlink(out, join(cwd, OUTPUTS))
    if (owner != null) await lchown(own, owner.uid, owner.gid)
  })
  await placeInputs(inputs, store, { cwd, below: INPUTS, signal, ...owner })
  const path = join(cwd, SCRIPT)
  const text = scriptOf(job)
  if (text != null) await onDisk(path, async () => writeFileSync(path, text, { mode: 0o644 }))
  return {
    argv: argvOfJob(job, path),
    env: { ...told, BAK_JOB_INPUTS: own, BAK_JOB_OUTPUTS: out },
    readOnly: [own]
  }
}
