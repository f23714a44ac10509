/** What observes a machine: every tool is a value of this shape, in a file of its own, listed in `index.ts`. */
import type { Availability } from '../../protocols/hello.ts'
import type { ToolOptions } from '../../protocols/spec.ts'
import type { Supervisor } from '../processes/supervisor.ts'

export interface Tool {
  name: string
  /** One line for `bak tools`. */
  summary: string
  /** Whether this machine can run it, and what it cannot show, with the tool's name before it. Never throws. */
  check(options: ToolOptions): Promise<Availability>
  /** @returns the words of the program that these further words would make it run, if they would */
  runs?(options: string[]): string[] | undefined
  /** Spawns and returns at once. @throws {BakError} `tool-unavailable`, `io` */
  start(context: ToolContext): Promise<RunningTool>
}

export interface ToolContext {
  /** Its own: exists, and is empty. */
  folder: string
  /** Seconds between two samples; `options.interval` goes before it. */
  interval: number
  options: ToolOptions
  supervisor: Supervisor
  /** Gives the start up. Once it is ready only `stop` ends a tool. */
  signal: AbortSignal
}

export interface RunningTool {
  /** When it was spawned, ms since 1970. */
  began: number
  /** Its process group, where it is a program. */
  group?: number
  /**
   * Resolves at its first output, or when it has lived silently for `ready_after` (default 1 s). Rejects with BakError
   * `tool-failed`, with its exit status and the last lines of its stderr, if it ends before.
   */
  ready: Promise<void>
  /** Asks, waits, kills. @returns warnings, such as "ended early with exit 3". Never rejects. */
  stop(): Promise<string[]>
}
