/**
 * The tools of pbench as its Tool Meister runs them: `<tool> --start --dir=D`, later `--stop`, of its own scripts, unchanged. They look for
 * sysstat in /usr/local/bin, unless `_tool_bin` says where it is, and for rpm only where they are asked to install.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { keep } from '../crew.ts'
import { findPbench, findProgram } from './programs.ts'

export const PBENCH = "pbench's scripts"
/** Those that bak has too. */
export const TOOLS = ['vmstat', 'iostat', 'mpstat', 'pidstat', 'sar']
/** What a tool has written once it works: its output, or the file or folder that it makes. */
const OUTPUTS: Record<string, string> = { pidstat: 'pids', sar: 'sar.data' }
/** Longest wait for a tool to have begun, and to have ended. */
const START_TIMEOUT_MS = 10_000
const STOP_TIMEOUT_MS = 15_000
const MAX_SAID = 400

interface RunningTools {
  /** A process for each tool, with its children: a shell that waits, and the program. */
  pids: number[]
  /** Whether each has written something. @throws naming one that has not */
  check(): void
  stop(): Promise<void>
}

interface RunningTool {
  name: string
  child: ChildProcess
  said(): string
}

/** @param folder that is empty @param interval seconds @throws naming a tool that does not begin */
export async function startTools(folder: string, interval: number): Promise<RunningTools | { absent: string }> {
  const found = findPbench()
  if ('absent' in found) return found
  for (const name of ['bash', 'perl', 'pidof', ...TOOLS]) {
    const program = findProgram(name)
    if ('absent' in program) return program
  }
  await mkdir(folder, { recursive: true })
  const script = (name: string, words: string[]) => run(found.path, name, [...words, `--dir=${folder}`], interval)
  const tools = TOOLS.map(name => ({ name, ...script(name, ['--start']) }))
  try {
    await Promise.all(tools.map(tool => begun(tool, folder)))
  } catch (cause) {
    await endAll(tools)
    throw cause
  }
  return {
    pids: tools.map(({ child }) => child.pid as number),
    check() {
      for (const tool of tools) checkOutput(tool, folder)
    },
    async stop() {
      const stops = TOOLS.map(name => ({ name, ...script(name, ['--stop']) }))
      try {
        await Promise.all(stops.map(({ child }) => ended(child)))
        // some of its scripts end their program only at the next line that it writes
        await Promise.all(tools.map(({ child }) => ended(child)))
      } finally {
        await endAll([...stops, ...tools])
      }
    }
  }
}

/** A process group of its own, so that nothing of it outlives the bench. */
function run(agent: string, name: string, words: string[], interval: number): Omit<RunningTool, 'name'> {
  const program = findProgram(name)
  const env = {
    ...process.env,
    pbench_install_dir: agent,
    pbench_lib_dir: join(agent, 'lib'),
    ...('path' in program && { _tool_bin: program.path })
  }
  const child = keep(
    spawn(join(agent, 'tool-scripts', name), [...words, `--interval=${interval}`], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env,
      detached: true
    })
  )
  let said = ''
  child.stderr?.on('data', data => (said = `${said}${data}`.slice(-MAX_SAID)))
  child.once('error', error => (said = error.message))
  return { child, said: () => said.trim() }
}

async function begun(tool: RunningTool, folder: string): Promise<void> {
  const { name, child, said } = tool
  const until = performance.now() + START_TIMEOUT_MS
  while (!hasContent(join(folder, name, `${name}.pid`))) {
    if (child.exitCode != null || child.pid == null || performance.now() > until)
      throw new Error(`${name} of pbench does not begin: ${said() || 'it said nothing'}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

function checkOutput({ name, child, said }: RunningTool, folder: string): void {
  const output = join(folder, name, OUTPUTS[name] ?? `${name}-stdout.txt`)
  if (child.exitCode == null && hasContent(output)) return
  const errors = join(folder, name, `${name}-stderr.txt`)
  const why = existsSync(errors) ? readFileSync(errors, 'utf8').slice(-MAX_SAID) : said()
  throw new Error(`${name} of pbench wrote nothing: ${why.trim() || 'it said nothing'}`)
}

const hasContent = (path: string) => {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat != null && (stat.isDirectory() || stat.size > 0)
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode != null || child.signalCode != null) return
  await new Promise<void>(resolve => {
    const timer = setTimeout(resolve, STOP_TIMEOUT_MS)
    child.once('exit', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}

/** What its own scripts left is killed, group by group. */
async function endAll(tools: Array<{ child: ChildProcess }>): Promise<void> {
  for (const { child } of tools) {
    if (child.pid == null) continue
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch {
      // nobody is left in it
    }
  }
  await Promise.all(tools.map(({ child }) => ended(child)))
}
