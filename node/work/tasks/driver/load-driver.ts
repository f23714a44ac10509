/** The driver's process: what the daemon says goes to its threads, what those say to the daemon; it has no client itself. */
import { join } from 'node:path'
import { asBakError, BakError } from '../../../../protocols/errors.ts'
import { cutText } from '../../../../protocols/fields.ts'
import { clientsOf, tasksOfClient } from '../../../../protocols/tasks/allocation.ts'
import { type Element, elementsOf } from '../../../../protocols/tasks/elements.ts'
import type { LoadStatus } from '../../../../protocols/tasks/load-stream.ts'
import type { SampleBlock } from '../../../../protocols/tasks/sample-block.ts'
import { tallyHistograms, tallySamples } from '../../../../protocols/tasks/tally.ts'
import { type Load, loadOf, RAW_SAMPLES_FILE } from '../../../../protocols/tasks/task.ts'
import type { FromDriver, ToDriver } from '../driver-messages.ts'
import type { DriverPipe } from '../driver-pipe.ts'
import { ElementOutcome, type ThreadsOf } from './element-outcome.ts'
import { OnceTasks } from './once-tasks.ts'
import { RawSamples } from './raw-samples.ts'
import { statusOf } from './status-of.ts'
import type { ReachedTargets, ThreadStatus } from './thread-messages.ts'
import { WorkerThreads, type WorkerThreadsInit } from './worker-threads.ts'

const STATUS_MS = 1_000
/** Of samples that the daemon has not taken. */
const MAX_UNSENT_BYTES = 64 * 1024 * 1024
/** For threads to end what is cut short: one that does not is named before the daemon gives up the driver as a whole (10 s). */
const CUT_MS = 8_000
/** For threads to close their operations: what a module does then is its user's. */
const END_MS = 3_000

export interface LoadDriverInit {
  pipe: DriverPipe<FromDriver, ToDriver>
  /** The file that is the process and its threads. */
  source: URL
  /** Where it works, and where the file of requests goes. */
  folder: string
  out: string
}

type Begin = Extract<ToDriver, { type: 'begin' }>

/** What there is once it has begun. */
interface Begun {
  threads: WorkerThreads
  clients: number[][]
  elements: Element[]
  load: Load
  isSearch: boolean
  once: OnceTasks
  raw: RawSamples | undefined
}

export class LoadDriver {
  readonly #init: LoadDriverInit
  #begun: Begun | undefined
  #ready = 0
  #outcome: ElementOutcome | undefined
  /** Of threads, by their numbers. */
  readonly #status = new Map<number, ThreadStatus>()
  readonly #lost = new Map<number, string>()
  /** Why no more requests can be kept. */
  #rawFault: string | undefined
  #unsent = 0

  constructor(init: LoadDriverInit) {
    this.#init = init
  }

  /** Ends when the daemon closes the socket. @throws {BakError} what the driver cannot go on with */
  async run(): Promise<void> {
    for await (const message of this.#init.pipe) {
      if (message.type === 'begin') await this.#begin(message)
      else this.#handle(message, this.#begun)
    }
    await this.#begun?.threads.endAll(END_MS)
    await this.#begun?.raw?.settled()
    await this.#begun?.raw?.close()
  }

  #handle(message: Exclude<ToDriver, Begin>, begun: Begun | undefined): void {
    if (begun == null) throw new BakError('state', `${message.type} came before begin`)
    switch (message.type) {
      case 'prepare':
        return void this.#done('prepare', () => begun.once.prepare())
      case 'setup':
      case 'teardown':
        return void this.#done(message.type, () => begun.once.inOrder(begun.load[message.type]))
      case 'element':
        return this.#element(begun, message)
      case 'complete':
        if (this.#outcome?.element.number === message.element) begun.threads.tellAll({ type: 'complete' })
        return
      case 'cut':
        return this.#cut(begun)
    }
  }

  async #begin({ spec, params, sample, workers, exact }: Begin): Promise<void> {
    if (this.#begun != null) throw new BakError('state', 'begin came twice')
    const { source, folder, out } = this.#init
    const elements = elementsOf(spec, params)
    const load = loadOf(spec)
    const isRaw = load.samples === 'raw'
    const raw = isRaw ? await RawSamples.open(join(out, RAW_SAMPLES_FILE)) : undefined
    const left = sharesOf(elements, exact)
    const used = workers.filter(each => each.length > 0)
    // what is prepared and set up needs one, too
    const clients = used.length > 0 ? used : [[]]
    const threads = new WorkerThreads({
      source,
      threads: clients.map(own => ({ spec, params, sample, clients: own, exact: left, isRaw, folder })),
      heard: (thread, message) => this.#heard(thread, message),
      lost: (thread, why) => this.#onLost(thread, why)
    })
    const once = new OnceTasks({ threads, elements, load })
    this.#begun = { threads, clients, elements, load, raw, once, isSearch: spec.search != null }
  }

  #heard(thread: number, message: Parameters<WorkerThreadsInit['heard']>[1]): void {
    const begun = this.#begun as Begun
    const outcome = this.#outcome
    // what it still had on its way when it was given up: the element may be joined
    if (this.#lost.has(thread)) return
    switch (message.type) {
      case 'ready':
        if (++this.#ready === begun.threads.size) this.#onReady(begun)
        return
      case 'ran':
        return begun.once.onRan(thread, message)
      case 'samples': {
        const { block } = message
        outcome?.add(block.task, tallySamples(block))
        this.#keep(block)
        return this.#bring({ type: 'samples', ...block }, block.columns.length)
      }
      case 'histograms': {
        const { block } = message
        outcome?.add(block.task, tallyHistograms(block))
        return this.#bring({ type: 'histograms', ...block }, block.latency.length * 3)
      }
      case 'raw':
        return this.#keep(message.block)
      case 'status':
        return void this.#status.set(thread, message)
      case 'completing':
        if (outcome?.onCompleting(thread)) this.#send({ type: 'completing', element: message.element })
        return
      case 'joined':
        outcome?.onJoined(thread, message.tasks, message.health)
        return void this.#joinIfOver()
      case 'failed':
        return this.#fail(message.reason, message.task, message.unreachable)
    }
  }

  #onReady({ threads }: Begun): void {
    this.#send({ type: 'ready', workers: threads.size })
    setInterval(() => this.#tellStatus(), STATUS_MS)
  }

  #onLost(thread: number, why: string): void {
    if (this.#lost.has(thread)) return
    this.#lost.set(thread, why)
    this.#begun?.once.onLost(thread, why)
    this.#begun?.threads.end(thread)
    this.#outcome?.onLost(thread)
    this.#fail(why)
    void this.#joinIfOver()
  }

  async #done(what: 'prepare' | 'setup' | 'teardown', work: () => Promise<ReachedTargets | void>): Promise<void> {
    try {
      const targets = await work()
      this.#send({ type: 'done', what, ...(targets == null ? {} : { targets }) })
    } catch (cause) {
      this.#send({ type: 'done', what, error: cutText(asBakError(cause).message) })
    }
  }

  #element(begun: Begun, { element: number, at, begin }: Extract<ToDriver, { type: 'element' }>): void {
    const element = begun.elements.find(each => each.number === number)
    if (element == null) throw new BakError('bad-message', `there is no element ${number}`)
    if (this.#outcome != null) throw new BakError('state', `element ${this.#outcome.element.number} is not over`)
    const threads = threadsOf(element, begun)
    const outcome = new ElementOutcome(element, at, threads)
    this.#outcome = outcome
    for (const [thread, why] of this.#lost)
      if (threads.busy.has(thread)) {
        outcome.onLost(thread)
        this.#fail(why)
      }
    if (!outcome.hasFailed)
      for (const thread of threads.busy) begun.threads.tell(thread, { type: 'element', element: number, at, begin })
    else for (const thread of threads.busy) outcome.onLost(thread)
    void this.#joinIfOver()
  }

  #cut({ threads }: Begun): void {
    threads.tellAll({ type: 'cut' })
    const outcome = this.#outcome
    if (outcome == null) return
    // whoever does not let go of its thread is ended with it
    setTimeout(() => {
      for (const thread of outcome.open) this.#onLost(thread, 'a worker thread did not end what was cut short')
    }, CUT_MS)
  }

  /** The element is cut short, and the daemon told why; outside of one only told. */
  #fail(reason: string, task?: string, unreachable = false): void {
    const outcome = this.#outcome
    if (outcome?.hasFailed) return
    outcome?.fail(reason, task, unreachable)
    // of a search it ends the sample here: the run hears of it at the join point
    if (!unreachable || !this.#begun?.isSearch)
      this.#send({ type: 'failed', element: outcome?.element.number ?? 0, reason: cutText(reason) })
    if (this.#begun != null && outcome != null) this.#cut(this.#begun)
  }

  async #joinIfOver(): Promise<void> {
    const outcome = this.#outcome
    if (outcome == null || !outcome.isOver) return
    this.#outcome = undefined
    // what was kept is in the file before it is said that all came
    await this.#begun?.raw?.settled()
    if (this.#rawFault != null) outcome.fail(this.#rawFault)
    const { answers: tasks, health } = outcome
    this.#send({ type: 'joined', element: outcome.element.number, tasks, ...(health == null ? {} : { health }) })
  }

  /** Into the file of requests. */
  #keep(block: SampleBlock): void {
    const { raw } = this.#begun as Begun
    const begin = this.#outcome?.at
    if (raw == null || begin == null) return
    if (this.#rawFault != null) return this.#fail(this.#rawFault)
    raw.add(block, begin).catch(cause => {
      this.#rawFault ??= `${RAW_SAMPLES_FILE}: ${asBakError(cause).message}`
      // an element that is about to be joined says it then
      if (this.#outcome != null) this.#fail(this.#rawFault)
    })
  }

  #bring(message: FromDriver, bytes: number): void {
    this.#unsent += bytes
    if (this.#unsent > MAX_UNSENT_BYTES) this.#fail('the daemon does not take the samples')
    this.#init.pipe.send(message).then(
      () => {
        this.#unsent -= bytes
      },
      () => {}
    )
  }

  /** A socket that is closed ends the messages, and so the driver. */
  #send(message: FromDriver): void {
    this.#init.pipe.send(message).catch(() => {})
  }

  #tellStatus(): void {
    const { once } = this.#begun as Begun
    const status: LoadStatus = statusOf([...this.#status.values()], this.#outcome?.element.number ?? 0)
    this.#send({ type: 'status', ...status, ...(once.prepared == null ? {} : { prepared: once.prepared }) })
  }
}

function sharesOf(elements: Element[], exact: Begin['exact']): SharedArrayBuffer {
  const shares = new Map(exact.map(({ task, samples }) => [task, samples]))
  const tasks = elements.flatMap(({ tasks }) => tasks)
  const shared = new SharedArrayBuffer(4 * Math.max(1, tasks.length))
  const left = new Int32Array(shared)
  for (const [place, { name }] of tasks.entries()) left[place] = Math.min(shares.get(name) ?? 0, 2 ** 31 - 1)
  return shared
}

function threadsOf(element: Element, { clients, elements }: Begun): ThreadsOf {
  const all = clientsOf(elements)
  const busy = new Set<number>()
  const completing = new Set<number>()
  const tasks = new Set<string>()
  for (const [thread, own] of clients.entries())
    for (const client of own)
      for (const { task, isCompleting } of tasksOfClient(element, all, client)) {
        busy.add(thread)
        tasks.add(task.name)
        if (isCompleting) completing.add(thread)
      }
  return { busy, completing, tasks: [...tasks] }
}
