/** What a job has left in the folder of its outputs becomes artifacts: all that it names, and nothing else. */
import { realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { asBakError, BakError } from '../../../protocols/errors.ts'
import type { JobOutput } from '../../../protocols/jobs/job-result.ts'
import { listInWords } from '../../../protocols/list-in-words.ts'
import type { Imports } from '../../artifacts/import-artifact.ts'
import { isCode } from '../../store/disk.ts'

/** Outputs that a failure names. */
const MAX_NAMED = 8

interface TakeOutputs {
  imports: Pick<Imports, 'take'>
  /** The controller, for whom they are stored. */
  by: string
  signal: AbortSignal
  onTaken(digest: string): void
}

/**
 * @param folder in which nobody writes any more
 * @throws {BakError} `usage` where an output is not there, or cannot be an artifact; `no-space`, `io`, the reason of the signal
 */
export async function takeOutputs(
  folder: string,
  outputs: string[],
  { imports, by, signal, onTaken }: TakeOutputs
): Promise<JobOutput[]> {
  const taken: JobOutput[] = []
  if (outputs.length === 0) return taken
  const root = await realpath(folder)
  const places = await placesOf(root, outputs)
  for (const [path, at] of places) {
    const { digest, kind, bytes } = await imports.take(at, { by, signal, plainModes: true }).catch(cause => {
      const { code, message } = asBakError(cause)
      throw new BakError(code, `output ${path}: ${message.replaceAll(`${root}/`, '')}`, { cause })
    })
    onTaken(digest)
    taken.push({ path, digest, kind, bytes })
  }
  return taken
}

/** @throws {BakError} `usage`, naming all that are not there */
async function placesOf(root: string, outputs: string[]): Promise<Array<[path: string, at: string]>> {
  const places: Array<[string, string]> = []
  const missing: string[] = []
  for (const path of outputs) {
    const at = await placeOf(root, path)
    if (at == null) missing.push(path)
    else places.push([path, at])
  }
  if (missing.length === 0) return places
  const named = listInWords(missing, MAX_NAMED)
  throw new BakError('usage', missing.length === 1 ? `output ${named} is missing` : `outputs ${named} are missing`)
}

/** A link may lead to another output, and nowhere else: the daemon reads more than the job could. @returns undefined where nothing is */
async function placeOf(root: string, path: string): Promise<string | undefined> {
  let at: string
  try {
    at = await realpath(join(root, path))
  } catch (cause) {
    if (isCode(cause, 'ENOENT', 'ENOTDIR')) return undefined
    if (isCode(cause, 'ELOOP')) throw new BakError('usage', `output ${path} is a link in a circle`, { cause })
    throw cause
  }
  if (at !== root && !at.startsWith(`${root}/`))
    throw new BakError('usage', `output ${path} is a link that leads elsewhere`)
  return at
}
