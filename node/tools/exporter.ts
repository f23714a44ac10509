/** Tools that wait to be asked: programs that serve what they measure over HTTP on loopback, from `init` to `end`. The controller's Prometheus asks them. */
import { setTimeout as sleep } from 'node:timers/promises'
import { asBakError, BakError } from '../../protocols/errors.ts'
import type { SettingValue } from '../../protocols/tool-options.ts'
import { listeningPorts } from '../processes/listening.ts'
import { findProgram, versionOf } from './find-program.ts'
import { filesOfProgram, notFound } from './program-tool.ts'
import { runProgram } from './run-program.ts'
import { intervalOf, intervalSetting, settingsOf } from './settings-of.ts'
import { type Needs, type RunningTool, type Setting, type Tool, type ToolContext, unusable, wrapTool } from './tool.ts'

interface Exporter {
  name: string
  summary: string
  /** Names of the program; the first that is there runs. */
  programs: [string, ...string[]]
  needs: Omit<Needs, 'program'>
  /** Beside the interval. */
  settings?: Setting[]
  /** Has it listen on a port of loopback that the kernel chooses: two runs never collide. @param interval seconds */
  argv(values: Record<string, SettingValue>, interval: number): string[]
}

/** An exporter listens after some ms, and one that looks for hardware after some seconds. */
const LISTEN_TIMEOUT_S = 10
const LISTEN_CHECK_MS = 20

export function exporterTool({ name, summary, programs, needs, settings = [], argv }: Exporter): Tool {
  const [program] = programs
  const all = { program, ...needs }
  const tool: Tool = {
    ...{ name, summary, lifetime: 'persistent', stop: 'SIGTERM' },
    needs: all,
    settings: [intervalSetting, ...settings],
    noWords: 'its program gets no others',
    files: filesOfProgram(name),
    async check(_, { isQuick = false } = {}) {
      const path = await findFirst(programs)
      if (path == null) return unusable(name, `${program} ${notFound(all)}`)
      return { tool: name, usable: true, ...(isQuick ? {} : { version: await versionOf(path, '--version') }) }
    },
    async start(context) {
      const { values } = settingsOf(tool, context.options)
      const found = context.bundle == null ? await findFirst(programs) : undefined
      const interval = intervalOf(values, context)
      const words = [found ?? program, ...argv(values, interval)]
      // exporters say on stderr what they do
      const output = `${name}-stderr.txt`
      const running = await runProgram({ name, argv: words, stopSignal: 'SIGTERM', output }, context)
      return listening(running, context)
    }
  }
  return tool
}

/** It works once it listens. */
export function listening(
  running: RunningTool,
  { options, signal }: Pick<ToolContext, 'options' | 'signal'>,
  wanted?: number
): RunningTool {
  // whoever has the number of a port that was let go is not asked in its place
  const port = () => {
    const ports = running.group == null ? [] : listeningPorts(running.group)
    return wanted == null ? ports[0] : ports.find(each => each === wanted)
  }
  const ready = isListening(running, port, { seconds: options.ready_after ?? LISTEN_TIMEOUT_S, signal })
  // a caller may stop the tool without waiting for it to be ready
  ready.catch(() => {})
  return wrapTool(running, { ready, port })
}

async function isListening(
  { failed, ready }: RunningTool,
  port: () => number | undefined,
  { seconds, signal }: { seconds: number; signal: AbortSignal }
): Promise<void> {
  const deadline = performance.now() + seconds * 1000
  let ended: string | undefined
  failed?.then(reason => {
    ended = reason
  })
  // until then the signal of the start ends the program
  await ready
  while (port() == null) {
    if (signal.aborted) throw asBakError(signal.reason)
    if (ended != null) throw new BakError('tool-failed', ended)
    if (performance.now() > deadline) throw new BakError('tool-failed', `listens on no port after ${seconds} s`)
    await sleep(LISTEN_CHECK_MS)
  }
}

async function findFirst(programs: string[]): Promise<string | undefined> {
  for (const each of programs) {
    const path = await findProgram(each)
    if (path != null) return path
  }
  return undefined
}
