/** Starts one program in a process group of its own, with its output redirected to files. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, existsSync, openSync } from 'node:fs'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { now } from '../now.ts'
import { watchSignal, witnessStdio } from './exit-witness.ts'

export interface Program {
  argv: string[]
  cwd: string
  /** The whole environment. */
  env: Record<string, string>
  /** Files that the output is appended to; it does not pass through the daemon. */
  stdout: string
  stderr: string
}

export interface Exit {
  /** Exit status; undefined if a signal ended the program. */
  exit?: number
  /** Its name, or the number of one that has no name in Node. */
  signal?: string
  /** Wall time in ms. */
  duration: number
}

/** A program that ran in the same folder before may have left a link or a pipe in their place. */
const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants
const APPEND = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK

export interface Launched {
  /** Also the id of its process group. */
  pid: number
  /** When it was spawned, ms since 1970. */
  started: number
  /** Resolves when the program itself has ended. Never rejects. */
  exited: Promise<Exit>
}

/**
 * Calls `onGroup` with the new group before the program can end unnoticed; what `onGroup` throws is thrown on.
 * @throws {BakError} `tool-unavailable` if there is no such program, `io` if a file or folder is missing
 */
export async function launch(program: Program, onGroup: (group: number) => void): Promise<Launched> {
  try {
    const child = spawnInto(program)
    const started = now()
    const spawned = once(child, 'spawn')
    const exited = watchExit(child)
    if (child.pid != null) onGroup(child.pid)
    await spawned
    return { pid: child.pid as number, started, exited }
  } catch (error) {
    throw explain(program, error)
  }
}

/** Opens and spawns synchronously: many members start at one agreed instant, and other work of the daemon must not delay it. */
function spawnInto({ argv, cwd, env, stdout, stderr }: Program): ChildProcess {
  const [program = '', ...args] = argv
  const files: number[] = []
  try {
    for (const path of [stdout, stderr]) files.push(openSync(path, APPEND, 0o666))
    return spawn(program, args, { cwd, env, detached: true, stdio: ['ignore', ...files, ...witnessStdio()] })
  } finally {
    for (const file of files) closeSync(file)
  }
}

function watchExit(child: ChildProcess): Promise<Exit> {
  const began = performance.now()
  const unnamed = watchSignal(child)
  return new Promise(resolve => {
    child.once('exit', (code, signal) => {
      resolve({ ...outcomeOf(code, signal, unnamed()), duration: performance.now() - began })
    })
  })
}

/** @param unnamed the number of a signal that Node does not know, and reports as status 0 */
function outcomeOf(code: number | null, signal: string | null, unnamed?: number): Omit<Exit, 'duration'> {
  if (code == null) return { signal: signal ?? 'SIGKILL' }
  return code === 0 && unnamed != null ? { signal: `${unnamed}` } : { exit: code }
}

function explain({ argv, cwd }: Program, error: unknown): BakError {
  const { code, syscall } = error as NodeJS.ErrnoException
  if (!syscall?.startsWith('spawn')) return asBakError(error)
  if (!existsSync(cwd)) return new BakError('io', `${argv[0]}: its folder ${cwd} is missing`, { cause: error })
  if (code === 'ENOENT') return new BakError('tool-unavailable', `${argv[0]}: not found`, { cause: error })
  if (code === 'EACCES') return new BakError('tool-unavailable', `${argv[0]}: is not executable`, { cause: error })
  return asBakError(error)
}
