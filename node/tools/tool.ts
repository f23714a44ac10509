/** A tool observes a machine: a value of this shape in a file of its own, listed in `index.ts`. */
import type { Gauged } from '../../protocols/gauge.ts'
import type { Availability } from '../../protocols/hello.ts'
import type { Lifetime } from '../../protocols/on-end.ts'
import type { ToolOptions } from '../../protocols/tool-options.ts'
import type { Programs } from '../processes/programs.ts'

/** Characters of a reason. */
export const MAX_REASON = 1024

/** What a machine must have. */
export interface Needs {
  /** Looked for on the PATH. */
  program?: string
  /** The packages that contain the program. */
  debian?: string
  fedora?: string
  /** In words: what an ordinary user lacks, and for what. */
  privilege?: string
}

/** An option that the tool declares. */
export type Setting = {
  name: string
  summary: string
  required?: boolean
  /** A text that no program reads as a path, which the owner's rule of paths is not for. */
  noPath?: boolean
} & (Typed<'string', string> | Typed<'number', number> | Typed<'boolean', boolean>)

interface Typed<N extends string, T> {
  type: N
  default?: T
  /** Pure. @returns what is wrong with a value, in words; undefined if nothing is */
  check?(value: T): string | undefined
}

export interface ToolFile {
  /** In the tool's folder. */
  name: string
  what: string
}

export interface CheckHow {
  /** Start no program: each daemon asks for all tools when it starts. */
  isQuick?: boolean
}

/** @returns that a machine cannot run a tool, and why */
export const unusable = (tool: string, why: string): Availability => ({
  tool,
  usable: false,
  reason: `${tool}: ${why}`.slice(0, MAX_REASON)
})

/** @returns the tool with something else in it; its group is known only after a while in a sandbox */
export const wrapTool = (running: RunningTool, change: Partial<RunningTool>): RunningTool => ({
  ...running,
  get group() {
    return running.group
  },
  ...change
})

export interface Tool {
  name: string
  /** One line for `bak tools`. */
  summary: string
  lifetime: Lifetime
  /** Whether `lifetime` is only what it is by default, and a run may choose the other one. */
  eitherLifetime?: boolean
  /** What happens if it ends before it is stopped, where the run does not say it. */
  onEnd?: ToolOptions['on_end']
  /** It is a file of the owner of this machine. */
  isOwners?: boolean
  needs: Needs
  settings: Setting[]
  /** The interval means something to it though it declares no option of that name: a word of its command has it, or its readings count by it. */
  isPaced?: boolean
  /** Why it takes no words but those that its settings declare; undefined if the words of `options` go to its program. */
  noWords?: string
  /** How it is asked to stop: a signal, or in words. */
  stop: string
  files: ToolFile[]
  /** @returns whether this machine can run it; reasons begin with the tool's name. Never throws. */
  check(options: ToolOptions, how?: CheckHow): Promise<Availability>
  /** @returns the argv of a program that these options would make it run; undefined for none */
  runs?(options: ToolOptions): string[] | undefined
  /** Returns as soon as it is spawned. @throws {BakError} `tool-unavailable`, `io` */
  start(context: ToolContext): Promise<RunningTool>
  /** Before the agreed instant of `start`, outside of the time that is measured; `signal` ends it in time for that. Never rejects. */
  before?(context: ToolContext): Promise<Gauged>
  /** After all tools of the sample have stopped. Never rejects. */
  after?(context: ToolContext): Promise<Gauged>
}

export interface ToolContext {
  /** Exists, is empty, and has no other writers. */
  folder: string
  /** Seconds between two samples; `options.interval` overrides it. */
  interval: number
  options: ToolOptions
  programs: Pick<Programs, 'spawn' | 'cgroups'>
  /** The folder with the bundle of its program. */
  bundle?: string | undefined
  /** Its sample is a window of a trigger: the workload goes on while it stops, and the next window waits for that. */
  inWindow?: boolean
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
  /** The port of loopback on which it is asked for what it measures; undefined before it listens. */
  port?(): number | undefined
  /** Resolves with the reason if it ends before it is stopped, in the words in which `stop` says it again. Never rejects. */
  failed?: Promise<string>
  /** Signals, waits, kills. @returns what it did not measure as it was asked to, such as "ended early with exit 3". Never rejects. */
  stop(): Promise<string[]>
}
