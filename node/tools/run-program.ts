/** A program as a running tool: its files, when it is ready, how it ended. */
import { open, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { asBakError, BakError } from '../../protocols/errors.ts'
import type { Exit, Supervised } from '../processes/supervisor.ts'
import type { RunningTool, ToolContext } from './tool.ts'

export interface ProgramRun {
  /** The tool's name, and that of its files: NAME.cmd, NAME-stdout.txt, NAME-stderr.txt. */
  name: string
  argv: string[]
  /** Variables beside those of the daemon. */
  env: Record<string, string>
  stopSignal: NodeJS.Signals
  /** The file whose first bytes show that it produces, where that is not its stdout. */
  output?: string
  /** Said when it stops. */
  warnings?: string[]
}

/** Seconds after which a silent tool counts as started. */
const READY_AFTER = 1
/** How often a starting tool's output is looked at, in ms. */
const LOOK = 20

/** @throws {BakError} `tool-unavailable`, `io` */
export async function runProgram(
  run: ProgramRun,
  { folder, options, supervisor, signal }: ToolContext
): Promise<RunningTool> {
  if (signal.aborted) throw asBakError(signal.reason)
  const paths = filesOf(run, folder)
  const env = { ...process.env, ...run.env } as Record<string, string>
  const supervised = await supervisor.spawn({
    argv: run.argv,
    cwd: folder,
    env,
    stdout: paths.stdout,
    stderr: paths.stderr
  })
  const noted = writeFile(paths.command, `${commandLine(run)}\n`).catch(error => {
    throw asBakError(error)
  })
  const deadline = performance.now() + (options.ready_after ?? READY_AFTER) * 1000
  const ready = Promise.all([isReady(supervised, paths, deadline, signal), noted]).then(() => {})
  // who stops a tool without waiting for it is not to hear of this
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
      const early = ended
      const exit = await supervised.stop({ signal: run.stopSignal })
      return [...(run.warnings ?? []), ...(await complaints(exit, early, paths))]
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
  for (let exit: Exit | undefined; ; exit = await Promise.race([exited, sleep(LOOK, undefined)])) {
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
  const said = await tailOf(stderr)
  return new BakError('tool-failed', `ended with ${describe(exit)} before it produced${said === '' ? '' : `: ${said}`}`)
}

async function complaints(exit: Exit, early: Exit | undefined, { stderr, stdout, output }: Paths): Promise<string[]> {
  const said = early == null ? '' : await tailOf(stderr)
  const wrote = (await sizeOf(output)) + (await sizeOf(stdout)) > 0
  return [
    early != null && `ended early with ${describe(early)}${said === '' ? '' : `: ${said}`}`,
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

/** @returns the last lines of a file as one line, at most 512 characters */
async function tailOf(path: string): Promise<string> {
  try {
    await using file = await open(path)
    const { size } = await file.stat()
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(512), position: Math.max(0, size - 512) })
    return buffer.toString('utf8', 0, bytesRead).trim().split('\n').slice(-3).join(' / ')
  } catch {
    return ''
  }
}

function commandLine({ argv, env }: ProgramRun): string {
  const quoted = argv.map(word => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
  return [...Object.entries(env).map(([name, value]) => `${name}=${value}`), ...quoted].join(' ')
}
