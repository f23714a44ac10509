/** What the driver's process and its worker threads say to each other, each a thread for itself: structured clones, with the columns of samples handed over. */
import type { Spec } from '../../../../protocols/spec.ts'
import type { HistogramBlock } from '../../../../protocols/tasks/load-stream.ts'
import type { SampleBlock } from '../../../../protocols/tasks/sample-block.ts'
import type { TaskAnswer } from '../../../../protocols/tasks/task-answer.ts'

/** A thread is told at its start. */
export interface ThreadInit {
  /** Tells a thread of the driver from the process, which has the same source. */
  role: 'load'
  spec: Spec
  params: Record<string, string>
  /** The folder of the sample. */
  sample: string
  /** Of the run that are this thread's. */
  clients: number[]
  /** Int32 for each task, in the order of the spec: samples that this member may still bring as they are. All threads take from it. */
  exact: SharedArrayBuffer
  /** Whether each request is kept, also those beyond. */
  isRaw: boolean
  /** Where it works; staged files are there. */
  folder: string
  /** Timers that are finer than a millisecond; a slot is the thread's own. */
  metronome: { shared: SharedArrayBuffer; slot: number; slots: number }
}

export interface MetronomeInit {
  role: 'metronome'
  shared: SharedArrayBuffer
  slots: number
}

export type ToThread =
  /** Loads the operations of its clients. */
  | { type: 'load' }
  /** Whether the targets of an operation can be reached, by its key (operation-runners.ts). */
  | { type: 'probe'; operation: string; within: number }
  /** Does an operation once, by its name. */
  | { type: 'once'; operation: string }
  /** @param at ms since 1970 @param begin the same by the clock that threads share */
  | { type: 'element'; element: number; at: number; begin: number }
  | { type: 'complete' }
  | { type: 'cut' }
  /** Nothing follows: what is open is closed, and the thread ends. */
  | { type: 'end' }

export type ReachedTargets = { target: string; server?: string }[]

/** How the clients of one task in one thread ended. */
export interface EndedTask {
  task: string
  /** ms since 1970. */
  began?: { first: number; last: number }
  ended: TaskAnswer['ended']
  unsent: number
}

export interface ThreadStatus {
  /** Of the last second. */
  busy: number
  lag: number
  /** `of` is all that there were. */
  tasks: { task: string; clients: number; of: number; progress?: number; sent: number; done: number }[]
}

/** Histograms of microseconds, compressed (histogram-codec.ts). */
export interface ThreadHealth {
  busy: number
  /** Share of the time for which it waited for a processor, where the machine tells. */
  waited?: number
  lag: Uint8Array
  overhead: Uint8Array
}

export type FromThread =
  | { type: 'ready' }
  /** What it is at now to load an operation: of a thread that hangs this is the reason. */
  | { type: 'doing'; what: string | undefined }
  /** Of `load`, `probe` and `once`, which come one after the other. */
  | { type: 'ran'; error?: string; targets?: ReachedTargets }
  | { type: 'samples'; block: SampleBlock }
  | { type: 'histograms'; block: HistogramBlock }
  /** Beyond what is brought as it is: for the file of each request only. */
  | { type: 'raw'; block: SampleBlock }
  | ({ type: 'status' } & ThreadStatus)
  /** All its clients of the task that completes the element have ended; with `any` its first client. */
  | { type: 'completing'; element: number }
  | { type: 'joined'; element: number; tasks: EndedTask[]; health: ThreadHealth }
  /** @param unreachable whether it is that a target could not be reached */
  | { type: 'failed'; element: number; task: string; reason: string; unreachable: boolean }
