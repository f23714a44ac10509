/**
 * A command that is in its cgroup from its first instruction on: a shell enters it, and becomes the command. Where a shell would not start it
 * just as it is typed, it is moved there when it has begun, and what it started before that may be elsewhere.
 */
import { open } from 'node:fs/promises'
import { delimiter, resolve } from 'node:path'
import { DEFAULT_PATH } from '../../processes/environment.ts'
import { findRunnable } from '../../tools/find-program.ts'

/** Of the first line of a script. */
const MAX_LINE = 256
/** A shell drops variables with other names. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
const ELF = '\u007fELF'
const ENTER = '{ echo $$ >"$0"; } 2>/dev/null; exec "$@"'

interface Typed {
  argv: string[]
  cwd: string
  env: Record<string, string>
  /** Files by which it enters. */
  enter: string[]
}

/** @returns the words that start it */
export async function enterFirst({ argv, cwd, env, enter }: Typed): Promise<string[]> {
  const [program = ''] = argv
  const [file] = enter
  if (file == null || !Object.keys(env).every(name => NAME.test(name))) return argv
  const folders = program.includes('/') ? ['.'] : (env.PATH || DEFAULT_PATH).split(delimiter)
  const path = await findRunnable(folders.map(folder => resolve(cwd, folder, program)))
  if (path == null || !(await startsAnywhere(path))) return argv
  return ['/bin/sh', '-c', ENTER, file, ...argv]
}

/** @returns whether the kernel starts it, as far as its first bytes tell: a shell would make a script of what the kernel refuses */
async function startsAnywhere(path: string): Promise<boolean> {
  try {
    const file = await open(path)
    try {
      const buffer = Buffer.alloc(MAX_LINE)
      const { bytesRead } = await file.read(buffer, 0, MAX_LINE, 0)
      const begin = buffer.toString('latin1', 0, bytesRead)
      if (begin.startsWith(ELF)) return true
      const [, interpreter] = /^#![ \t]*(\/[^ \t\n]+)/.exec(begin) ?? []
      return interpreter != null && (await findRunnable([interpreter])) != null
    } finally {
      await file.close()
    }
  } catch {
    return false
  }
}
