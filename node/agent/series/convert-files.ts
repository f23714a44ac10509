/** Has programs of this machine print what is no text, before a thread reads it: niced, and each with a bound on its time and on what it prints. */
import { lstatSync } from 'node:fs'
import { setPriority } from 'node:os'
import { join } from 'node:path'
import { asBakError } from '../../../protocols/errors.ts'
import type { Remark } from '../../../protocols/series/series-file.ts'
import { ifPossible, textIn } from '../../if-possible.ts'
import { chosenEnvironment } from '../../processes/environment.ts'
import type { Supervisor } from '../../processes/supervisor.ts'
import { pause } from '../../wait.ts'
import type { FoundFile } from './find-files.ts'
import type { FileToRead } from './job.ts'

const MAX_PRINTED_BYTES = 1024 ** 3
const CHECK_MS = 200
const LOWEST_PRIORITY = 19

interface ConvertInit {
  supervisor: Pick<Supervisor, 'spawn'>
  /** What they print goes there; it goes with the folder. */
  folder: string
  /** ms for all of them together. */
  time: number
  signal: AbortSignal
}

/** @returns the files to read, in the place of those that are no text what was printed of them, and what could not be printed */
export async function convertFiles(
  found: FoundFile[],
  init: ConvertInit
): Promise<{ files: FileToRead[]; remarks: Remark[] }> {
  const until = performance.now() + init.time
  const files: FileToRead[] = []
  const remarks: Remark[] = []
  for (const [i, { convert, ...file }] of found.entries()) {
    if (convert == null) {
      files.push(file)
      continue
    }
    const path = join(init.folder, `${i}.txt`)
    const why = await print(convert(file.path, file.about), path, { ...init, until })
    if (why != null) remarks.push({ file: file.shown, why })
    if (lstatSync(path, { throwIfNoEntry: false })?.isFile()) files.push({ ...file, path })
  }
  return { files, remarks }
}

/** @returns why not all of it was printed. Rejects only where the signal aborts. */
async function print(
  argv: string[],
  path: string,
  { supervisor, folder, signal, until }: ConvertInit & { until: number }
): Promise<string | undefined> {
  const env = { ...chosenEnvironment({ home: folder }), LC_ALL: 'C' }
  try {
    const running = await supervisor.spawn({ argv, cwd: folder, env, stdout: path, stderr: `${path}.err`, signal })
    // it may have ended
    ifPossible(() => setPriority(running.pid, LOWEST_PRIORITY))
    let ended: string | undefined
    const isOver = running.exited.then(() => true)
    while (!(await Promise.race([isOver, pause(CHECK_MS)]))) {
      const { size = 0 } = lstatSync(path, { throwIfNoEntry: false }) ?? {}
      if (size > MAX_PRINTED_BYTES) ended = 'printed too much'
      if (performance.now() > until) ended = 'took too long'
      if (ended != null) await running.stop({ grace: 0 })
    }
    signal.throwIfAborted()
    const { exit, signal: killedBy } = await running.exited
    if (ended != null) return `${argv[0]} ${ended}: not all of it is read`
    if (exit === 0) return undefined
    const how = exit == null ? `was ended by ${killedBy}` : `ended with exit ${exit}`
    return `${argv[0]} ${how}${lastLineOf(`${path}.err`)}`
  } catch (cause) {
    signal.throwIfAborted()
    return `${argv[0]} could not be started: ${asBakError(cause).message}`
  }
}

function lastLineOf(path: string): string {
  const last = textIn(path)?.trim().split('\n').at(-1) ?? ''
  return last === '' ? '' : `: ${last.slice(0, 300)}`
}
