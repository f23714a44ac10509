/** A tool observes a machine: a value of this shape in a file of its own, listed in `index.ts`. */
import type { Availability } from '../../protocols/hello.ts'
import type { ToolOptions } from '../../protocols/spec.ts'
import type { Programs } from '../processes/programs.ts'

export interface Tool {
  name: string
  /** One line for `bak tools`. */
  summary: string
  /** @returns whether this machine can run it; reasons begin with the tool's name. Never throws. */
  check(options: ToolOptions): Promise<Availability>
  /** @returns the argv of a program that these options would make it run; undefined for none */
  runs?(options: string[]): string[] | undefined
  /** Returns as soon as it is spawned. @throws {BakError} `tool-unavailable`, `io` */
  start(context: ToolContext): Promise<RunningTool>
}

export interface ToolContext {
  /** Exists, is empty, and has no other writers. */
  folder: string
  /** Seconds between two samples; `options.interval` overrides it. */
  interval: number
  options: ToolOptions
  programs: Pick<Programs, 'spawn'>
  /** The folder with the bundle of its program. */
  bundle?: string | undefined
  /** Cancels the start. Once it is ready only `stop` ends a tool. */
  signal: AbortSignal
}

export interface RunningTool {
  /** When it was spawned, ms since 1970. */
  began: number
  /** Its process group, if it is a program. */
  group?: number
  /**
   * Resolves at its first output, or after `ready_after` (1 s by default) without output. Rejects with BakError
   * `tool-failed`, with its exit status and the last lines of its stderr, if it ends earlier.
   */
  ready: Promise<void>
  /** What is odd and costs no data, complete once it has stopped. */
  remarks?: string[]
  /** Resolves with the reason if it ends before it is stopped, in the words in which `stop` says it again. Never rejects. */
  failed?: Promise<string>
  /** Signals, waits, kills. @returns what it did not measure as it was asked to, such as "ended early with exit 3". Never rejects. */
  stop(): Promise<string[]>
}
