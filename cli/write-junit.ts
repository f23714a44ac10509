/** Writes the JUnit file of a run that was followed to its end, where one was asked for. */
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { BakError, exitStatus, whyOf } from '../protocols/errors.ts'
import { readJobsFile } from '../protocols/jobs/read-jobs-file.ts'
import { readRecord } from '../protocols/record.ts'
import type { Context } from './command.ts'
import { junitOf } from './junit.ts'
import { writeNotes } from './output.ts'

interface JunitFlags {
  junit?: string
  strict?: boolean
}

/** Before a run begins whose file could not be written at its end. @throws {BakError} `cannot-create` */
export function checkJunit({ junit }: JunitFlags): void {
  if (junit == null) return
  try {
    closeSync(openSync(junit, 'a'))
  } catch (cause) {
    throw new BakError('cannot-create', `--junit ${junit}: ${whyOf(cause)}`, { cause })
  }
}

/** @param status of the run. @returns the exit status: a file that was asked for and is not there is no success */
export async function writeJunit(
  { ask }: Pick<Context, 'ask'>,
  { junit, strict = false }: JunitFlags,
  run: string | undefined,
  status: number
): Promise<number> {
  if (junit == null || run == null) return status
  try {
    const { record: text, tags, moved, folder } = await ask('describe', { run })
    if (text == null) throw new Error(moved == null ? 'its record cannot be had' : `its result went to ${moved}`)
    const record = readRecord(text)
    if (record.state !== 'ended') throw new Error(`the run has not ended: bak attach ${run} --junit ${junit}`)
    const jobs = folder == null ? undefined : await readJobsFile(folder)
    writeFileSync(junit, junitOf(record, { strict: strict || record.spec.policy.strict === true, tags, jobs }))
    return status
  } catch (cause) {
    await writeNotes([`bak: --junit ${junit} is not written: ${whyOf(cause)}`])
    return status === 0 ? exitStatus.io : status
  }
}
