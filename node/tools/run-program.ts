/** Runs a program as a tool: its files, readiness and exit. */
import { open, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { asBakError, BakError } from '../../protocols/errors.ts'
import type { Exit, Supervised } from '../processes/supervisor.ts'
import type { RunningTool, ToolContext } from './tool.ts'
import { FIXED_VARIABLES, toolEnvironment } from './tool-environment.ts'

interface ProgramRun {
  /** Of the tool and of its files: NAME.cmd, NAME-stdout.txt, NAME-stderr.txt. */
  name: string
  argv: string[]
  /** In addition to what every tool gets. */
  env: Record<string, string>
  stopSignal: NodeJS.Signals
  /** The file whose first bytes show that the tool works, if not its stdout. */
  output?: string
  /** Returned when it stops. */
  warnings?: string[]
}

/** A tool without output counts as started after this. */
const READY_AFTER_S = 1
/** Between two checks of a starting tool's output. */
const OUTPUT_CHECK_MS = 20
/** Of stderr in a message. */
const MAX_TAIL_BYTES = 512

/** @throws {BakError} `tool-unavailable`, `io` */
export async function runProgram(
  run: ProgramRun,
  { folder, options, supervisor, signal }: ToolContext
): Promise<RunningTool> {
  if (signal.aborted) throw asBakError(signal.reason)
  const paths = filesOf(run, folder)
  const supervised = await supervisor.spawn({
    argv: run.argv,
    cwd: folder,
    env: toolEnvironment(run.env),
    stdout: paths.stdout,
    stderr: paths.stderr
  })
  const commandWritten = writeFile(paths.command, `${commandLine(run)}\n`).catch(error => {
    throw asBakError(error)
  })
  const deadline = performance.now() + (options.ready_after ?? READY_AFTER_S) * 1000
  const ready = Promise.all([isReady(supervised, paths, deadline, signal), commandWritten]).then(() => {})
  // a caller may stop the tool without waiting for it to be ready
  ready.catch(() => {})
  let ended: Exit | undefined
  supervised.exited.then(exit => {
    ended = exit
  })
  return {
    began: supervised.started,
    group: supervised.pid,
    ready,
    async stop() {
      const endedEarly = ended
      const exit = await supervised.stop({ signal: run.stopSignal })
      return [...(run.warnings ?? []), ...(await warningsOf(exit, endedEarly, paths))]
    }
  }
}

type Paths = ReturnType<typeof filesOf>

const filesOf = ({ name, output }: ProgramRun, folder: string) => ({
  command: join(folder, `${name}.cmd`),
  stdout: join(folder, `${name}-stdout.txt`),
  stderr: join(folder, `${name}-stderr.txt`),
  output: join(folder, output ?? `${name}-stdout.txt`)
})

async function isReady(supervised: Supervised, paths: Paths, deadline: number, signal: AbortSignal): Promise<void> {
  const exited = supervised.exited
  for (let exit: Exit | undefined; ; exit = await Promise.race([exited, sleep(OUTPUT_CHECK_MS, undefined)])) {
    const wrote = (await sizeOf(paths.output)) > 0
    if (exit != null && !(wrote && exit.exit === 0)) throw await failure(exit, paths)
    if (wrote || performance.now() >= deadline) return
    if (signal.aborted) {
      await supervised.stop({ grace: 0 })
      throw asBakError(signal.reason)
    }
  }
}

async function failure(exit: Exit, { stderr }: Paths): Promise<BakError> {
  const tail = await tailOf(stderr)
  return new BakError(
    'tool-failed',
    `ended with ${describe(exit)} before its first output${tail === '' ? '' : `: ${tail}`}`
  )
}

async function warningsOf(exit: Exit, early: Exit | undefined, { stderr, stdout, output }: Paths): Promise<string[]> {
  const tail = early == null ? '' : await tailOf(stderr)
  const wrote = (await sizeOf(output)) + (await sizeOf(stdout)) > 0
  return [
    early != null && `ended early with ${describe(early)}${tail === '' ? '' : `: ${tail}`}`,
    early == null && exit.signal === 'SIGKILL' && 'had to be killed',
    !wrote && 'wrote nothing'
  ].filter(warning => warning !== false)
}

const describe = ({ exit, signal }: Exit) => (exit == null ? `signal ${signal}` : `exit ${exit}`)

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    found => found.size,
    () => 0
  )
}

/** @returns the last three lines of a file as one line; '' if it cannot be read */
async function tailOf(path: string): Promise<string> {
  try {
    await using file = await open(path)
    const { size } = await file.stat()
    const { buffer, bytesRead } = await file.read({
      buffer: Buffer.alloc(MAX_TAIL_BYTES),
      position: Math.max(0, size - MAX_TAIL_BYTES)
    })
    return buffer.toString('utf8', 0, bytesRead).trim().split('\n').slice(-3).join(' / ')
  } catch {
    return ''
  }
}

function commandLine({ argv, env }: ProgramRun): string {
  const quoted = argv.map(word => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
  return [...Object.entries({ ...FIXED_VARIABLES, ...env }).map(([name, value]) => `${name}=${value}`), ...quoted].join(
    ' '
  )
}
