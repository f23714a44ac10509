/** One element of the schedule in one thread: its clients, from the agreed begin to the join point. */
import { asBakError } from '../../../../protocols/errors.ts'
import { type ClientTask, tasksOfClient } from '../../../../protocols/tasks/allocation.ts'
import { ClientLoop, type LoopEnd } from '../../../../protocols/tasks/client-loop.ts'
import type { Element, PlannedTask } from '../../../../protocols/tasks/elements.ts'
import { LogHistogram } from '../../../../protocols/tasks/histogram.ts'
import { encodeHistogram } from '../../../../protocols/tasks/histogram-codec.ts'
import { endsRun } from '../../../../protocols/tasks/on-error.ts'
import { pacerOf } from '../../../../protocols/tasks/pacing.ts'
import type { Load } from '../../../../protocols/tasks/task.ts'
import { settledWithin, within } from '../../../wait.ts'
import { isNetworkKind } from '../operations/error-kinds.ts'
import type { LoadClock } from './load-clock.ts'
import type { OperationRunners } from './operation-runners.ts'
import { waitedNow, waitedSince } from './processor-waits.ts'
import { TaskRecorder } from './task-recorder.ts'
import type { EndedTask, FromThread, ThreadInit, ThreadStatus } from './thread-messages.ts'

/** For a client to end what it has open: a module may take as long as it likes. */
const CLOSE_MS = 5_000

export interface ThreadElementInit extends Pick<ThreadInit, 'clients' | 'params' | 'sample' | 'folder' | 'isRaw'> {
  element: Element
  /** By `performance.now()`. */
  begin: number
  /** What is to be added to that clock for ms since 1970. */
  wall: number
  /** Of the run. */
  allClients: number
  onError: Load['on_error']
  /** In the order of the spec: the place of a task in `left`. */
  taskNames: string[]
  left: Int32Array
  runners: OperationRunners
  clock: LoadClock
  post(message: FromThread, handedOver?: ArrayBuffer[]): void
}

/** Of one task here. */
interface OfTask {
  task: PlannedTask
  recorder: TaskRecorder
  clients: number
  open: number
  sent: number
  /** By `performance.now()`. */
  began?: { first: number; last: number }
  running: Set<ClientLoop>
  ended: EndedTask['ended']
  unsent: number
}

/** Of a client: one of the tasks that it does one after the other. */
interface Turn {
  of: OfTask
  client: number
  end: LoopEnd
  /** 0 begins with the element, each other when the one before has ended. */
  turn: number
}

export class ThreadElement {
  readonly #init: ThreadElementInit
  readonly #tasks = new Map<string, OfTask>()
  /** Of clients that the completion of the element ends, and of those that complete it. */
  readonly #end: LoopEnd = {}
  readonly #completingEnd: LoopEnd = {}
  readonly #cut = new AbortController()
  readonly #overhead = new LogHistogram()
  #completing = 0
  /** At the begin. */
  #used = performance.eventLoopUtilization()
  #waited = waitedNow()
  #hasBegun = false

  constructor(init: ThreadElementInit) {
    this.#init = init
  }

  /** Resolves when all clients are at the join point. Never rejects. */
  async run(): Promise<void> {
    const { element, allClients, clients, clock } = this.#init
    const rows = clients.map(client => ({ client, tasks: tasksOfClient(element, allClients, client) }))
    for (const { tasks } of rows) for (const each of tasks) this.#expect(each)
    clock.lateness = new LogHistogram()
    await Promise.all(rows.map(({ client, tasks }) => this.#client(client, tasks)))
    for (const { recorder } of this.#tasks.values()) recorder.flush()
    const waited = waitedSince(this.#waited)
    const health = {
      ...(waited == null ? {} : { waited }),
      busy: performance.eventLoopUtilization(this.#used).utilization,
      lag: encodeHistogram(clock.lateness),
      overhead: encodeHistogram(this.#overhead)
    }
    this.#init.post({ type: 'joined', element: element.number, tasks: this.#ended, health })
  }

  /** Clients end with their current request, but for those of the task that completes the element. */
  complete(): void {
    this.#end.reason ??= 'completed'
    // any of them has completed it
    if (this.#init.element.completedBy === 'any') this.#completingEnd.reason ??= 'completed'
    this.#init.clock.wakeAll()
  }

  /** Clients end now. */
  cut(): void {
    this.#end.reason = 'cut'
    this.#completingEnd.reason = 'cut'
    this.#cut.abort()
    this.#init.clock.wakeAll()
  }

  /** Brings what is there. */
  flush(): void {
    const elapsed = performance.now() - this.#init.begin
    for (const { recorder } of this.#tasks.values()) recorder.flush(elapsed)
  }

  get tasks(): ThreadStatus['tasks'] {
    const moment = performance.now()
    return [...this.#tasks.values()].map(({ task, open, sent, recorder, running, clients }) => {
      const base = { task: task.name, clients: open, of: clients, sent, done: recorder.done }
      let done = clients - open
      for (const loop of running) {
        const progress = loop.progress(moment)
        if (progress == null) return base
        done += progress
      }
      return { ...base, progress: Math.min(1, done / clients) }
    })
  }

  #expect({ task, isCompleting }: ClientTask): void {
    if (isCompleting) this.#completing++
    const known = this.#tasks.get(task.name)
    if (known != null) {
      known.clients++
      known.open++
      return
    }
    const { element, taskNames, left, isRaw, post } = this.#init
    const place = taskNames.indexOf(task.name)
    const of = { element: element.number, task: task.name, place, left, isRaw, overhead: this.#overhead }
    const recorder = new TaskRecorder({ ...of, post })
    this.#tasks.set(task.name, {
      ...{ task, recorder, clients: 1, open: 1, sent: 0, running: new Set(), ended: 'schedule', unsent: 0 }
    })
  }

  async #client(client: number, tasks: ClientTask[]): Promise<void> {
    for (const [turn, each] of tasks.entries()) {
      const of = this.#tasks.get(each.task.name) as OfTask
      const end = each.isCompleting ? this.#completingEnd : this.#end
      try {
        if (end.reason == null) await this.#clientOf({ of, client, end, turn }, each)
      } catch (cause) {
        this.#fail(each.task, asBakError(cause).message)
      }
      of.open--
      if (end.reason != null && of.ended !== 'cut') of.ended = end.reason
      if (each.isCompleting && end.reason == null) this.#completed()
    }
  }

  async #clientOf({ of, client, end, turn }: Turn, { task, index, wait }: ClientTask): Promise<void> {
    const { begin, clock, runners, params, sample, folder } = this.#init
    const runner = await runners.of(task.operation, task.operationName)
    const context = { task: task.name, index, clients: task.clients, params, folder, signal: this.#cut.signal }
    const requester = await within(runner.open(context), this.#cut.signal)
    try {
      if (requester.isEmpty) return
      // of a client that comes to a second task, or whose operation took long to open, time counts from here
      const own = Math.max(begin, performance.now())
      while (end.reason == null && performance.now() < begin) await clock.until(begin)
      if (end.reason == null && turn === 0) this.#noteBegin(of)
      const loop = new ClientLoop({
        ...{ task, begin: own, wait: wait * 1_000, pacer: pacerOf(task, index, sample), clock, end },
        hasOwnEnd: requester.isFinite === true,
        request: () => {
          of.sent++
          return requester.request()
        },
        record: sample => {
          of.recorder.record(sample, client, own - begin)
          if (sample.failed != null) this.#noteFailure(task, sample.failed)
        }
      })
      of.running.add(loop)
      await loop.run().finally(() => of.running.delete(loop))
      of.unsent += loop.unsent
    } finally {
      await settledWithin(CLOSE_MS, requester.close())
    }
  }

  #noteFailure(task: PlannedTask, failed: string): void {
    const { onError } = this.#init
    const isNetwork = isNetworkKind(failed)
    if (endsRun({ isNetwork }, onError, task.ignoreErrors)) this.#fail(task, `${task.name}: ${failed}`, isNetwork)
  }

  #fail({ name: task }: PlannedTask, reason: string, unreachable = false): void {
    if (this.#cut.signal.aborted) return
    this.cut()
    this.#init.post({ type: 'failed', element: this.#init.element.number, task, reason, unreachable })
  }

  #completed(): void {
    this.#completing--
    const { element, post } = this.#init
    if (this.#completing === 0 || element.completedBy === 'any') post({ type: 'completing', element: element.number })
  }

  #noteBegin(of: OfTask): void {
    const at = performance.now()
    of.began ??= { first: at, last: at }
    of.began.last = at
    if (this.#hasBegun) return
    this.#hasBegun = true
    this.#used = performance.eventLoopUtilization()
    this.#waited = waitedNow()
  }

  get #ended(): EndedTask[] {
    const { wall } = this.#init
    return [...this.#tasks.values()].map(({ task, began, ended, unsent }) => {
      const base = { task: task.name, ended, unsent }
      return began == null ? base : { ...base, began: { first: wall + began.first, last: wall + began.last } }
    })
  }
}
