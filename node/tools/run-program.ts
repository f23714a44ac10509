/** Runs a program as a tool: its files, readiness and exit. */
import { rm, writeFile } from 'node:fs/promises'
import { constants } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { bytesOf, rawOf } from '../../protocols/file-names.ts'
import { entriesOf } from '../../protocols/folder-digests.ts'
import { wordsOf } from '../../protocols/tool-options.ts'
import { FIXED_VARIABLES } from '../processes/environment.ts'
import { errorLineIn } from '../processes/error-line.ts'
import type { RunningProgram } from '../processes/programs.ts'
import type { Exit } from '../processes/supervisor.ts'
import { fromBundle } from './bundled-program.ts'
import { fileSize } from './folder-size.ts'
import type { RunningTool, ToolContext } from './tool.ts'

export interface ProgramRun {
  /** Of the tool and of its files: NAME.cmd, NAME-stdout.txt, NAME-stderr.txt. */
  name: string
  argv: string[]
  /** That of `stop_signal` if the run gives one. */
  stopSignal: NodeJS.Signals
  /** The file whose first bytes show that the tool works, if not its stdout. */
  output?: string
  /** Words that the run names and that decide what runs. */
  brought?: string[]
  /** Files that it must have written when it has stopped. */
  expected?: string[]
  /** Files in its folder that are not its own. */
  written?: string[]
  /** What is odd about it from the start. */
  remarks?: string[]
  /** In words, if it may end by itself with exit 0, because it has measured all that it was asked to. */
  mayEnd?: string
  /** Ms that it may take to write what it has, when it is asked to stop. */
  grace?: number
}

/** A tool without output counts as started after this. */
const READY_AFTER_S = 1
/** Said of one that did not end when it was asked to. */
export const KILLED = 'had to be killed'
/** Between two checks of a starting tool's output. */
const OUTPUT_CHECK_MS = 20

/** @throws {BakError} `tool-unavailable`, `io` */
export async function runProgram(
  run: ProgramRun,
  { folder, options, programs, signal, bundle }: ToolContext
): Promise<RunningTool> {
  if (signal.aborted) throw asBakError(signal.reason)
  const paths = filesOf(run, folder)
  const { name } = run
  // on most signals a program writes what it has buffered
  const stopSignal = options.stop_signal == null ? run.stopSignal : (`SIG${options.stop_signal}` as const)
  const argv = bundle == null ? run.argv : await fromBundle(run.argv, bundle)
  // a program from a bundle is the word of the run, whatever its options are
  const brought = run.brought ?? (bundle == null ? undefined : wordsOf(options))
  const { stdout, stderr } = paths
  const supervised = await programs.spawn({ name, argv, brought, folder, reads: bundle, stdout, stderr })
  const commandWritten = writeAnew(paths.command, `${commandLine(argv)}\n`)
  const deadline = performance.now() + (options.ready_after ?? READY_AFTER_S) * 1000
  const ready = Promise.all([isReady(supervised, paths, deadline, signal), commandWritten]).then(() => {})
  // a caller may stop the tool without waiting for it to be ready
  ready.catch(() => {})
  const remarks = [...(run.remarks ?? [])]
  let ended: Exit | undefined
  let isStopping = false
  const failed = Promise.withResolvers<string>()
  supervised.exited.then(async exit => {
    if (exit.exit === 0 && run.mayEnd != null && !isStopping) return void remarks.push(run.mayEnd)
    ended = exit
    if (!isStopping) failed.resolve(await earlyEndOf(exit, paths, supervised))
  })
  return {
    began: supervised.started,
    get group() {
      return supervised.group()
    },
    remarks,
    ready,
    failed: failed.promise,
    async stop() {
      isStopping = true
      const endedEarly = ended
      const exit = await supervised.stop({ signal: stopSignal, grace: run.grace })
      remarks.push(...(await supervised.collect().catch(error => [`its files: ${asBakError(error).message}`])))
      if (endedEarly != null) return [await earlyEndOf(endedEarly, paths, supervised)]
      return [...(await faultAtStop(exit, stopSignal, paths)), ...(await unwritten(folder, run, paths))]
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

async function isReady(supervised: RunningProgram, paths: Paths, deadline: number, signal: AbortSignal): Promise<void> {
  const exited = supervised.exited
  for (let exit: Exit | undefined; ; exit = await Promise.race([exited, sleep(OUTPUT_CHECK_MS, undefined)])) {
    const wrote = (await fileSize(paths.output)) > 0
    if (exit != null && !(wrote && exit.exit === 0)) throw await failure(exit, paths, supervised)
    if (wrote || performance.now() >= deadline) return
    if (signal.aborted) {
      await supervised.stop({ grace: 0 })
      throw asBakError(signal.reason)
    }
  }
}

async function failure(exit: Exit, { stderr }: Paths, { reason }: RunningProgram): Promise<BakError> {
  const ended = reason()
  if (ended != null) return new BakError('tool-failed', `was ended before its first output: ${ended}`)
  return new BakError('tool-failed', `ended with ${describe(exit)} before its first output${await reasonIn(stderr)}`)
}

async function earlyEndOf(exit: Exit, { stderr }: Paths, { reason }: RunningProgram): Promise<string> {
  const ended = reason()
  if (ended != null) return `was ended: ${ended}`
  // what a signal ended has not said why
  return `ended early with ${describe(exit)}${exit.signal == null ? await reasonIn(stderr) : ''}`
}

async function reasonIn(stderr: string): Promise<string> {
  const why = await errorLineIn(stderr)
  return why === '' ? '' : `: ${why}`
}

/** A tool ends by the signal that stops it, or handles it and says that all went well. */
async function faultAtStop(exit: Exit, stopSignal: NodeJS.Signals, { stderr }: Paths): Promise<string[]> {
  if (exit.signal === 'SIGKILL') return [KILLED]
  const usual = exit.signal === stopSignal || exit.exit === 0 || exit.exit === 128 + constants.signals[stopSignal]
  return usual ? [] : [`${describe(exit)} when it was stopped${await reasonIn(stderr)}`]
}

const describe = ({ exit, signal }: Exit) => (exit == null ? `signal ${signal}` : `exit ${exit}`)

/** @returns in words what it should have written and did not */
async function unwritten(folder: string, { expected = [], written = [] }: ProgramRun, paths: Paths): Promise<string[]> {
  const others = [paths.command, ...written.map(name => join(folder, name))]
  if (!(await hasWritten(folder, others))) return ['wrote nothing']
  const sizes = await Promise.all(expected.map(name => fileSize(join(folder, name))))
  return expected.flatMap((name, i) => (sizes[i] === 0 ? [`did not write ${name}`] : []))
}

/** Some tools print what they measure to stderr, and some write files of their own. No link is followed: the program made them. */
async function hasWritten(folder: string, others: string[]): Promise<boolean> {
  const isOther = new Set(others.map(rawOf))
  const ahead = [rawOf(folder)]
  for (let path = ahead.pop(); path != null; path = ahead.pop()) {
    try {
      for await (const { at, isFile, isFolder } of entriesOf(path)) {
        if (isFolder) ahead.push(at)
        else if (isFile && !isOther.has(at) && (await fileSize(bytesOf(at))) > 0) return true
      }
    } catch {
      // what cannot be looked at is named when it is packed
    }
  }
  return false
}

/** The program may write to the folder already: what it puts there is neither followed nor written to. @throws {BakError} */
async function writeAnew(path: string, text: string): Promise<void> {
  try {
    await rm(path, { force: true })
    await writeFile(path, text, { flag: 'wx' })
  } catch (error) {
    throw asBakError(error)
  }
}

function commandLine(argv: string[]): string {
  const quoted = argv.map(word => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
  return [...Object.entries(FIXED_VARIABLES).map(([name, value]) => `${name}=${value}`), ...quoted].join(' ')
}
