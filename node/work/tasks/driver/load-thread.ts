/** A worker thread of the driver: does for its clients what the process says, and tells each second how it keeps up. */
import type { MessagePort } from 'node:worker_threads'
import { asBakError, BakError } from '../../../../protocols/errors.ts'
import { clientsOf, tasksOfClient } from '../../../../protocols/tasks/allocation.ts'
import { type Element, elementsOf } from '../../../../protocols/tasks/elements.ts'
import type { Operation } from '../../../../protocols/tasks/operation.ts'
import { loadOf } from '../../../../protocols/tasks/task.ts'
import { sharedOffset } from '../shared-clock.ts'
import { LoadClock } from './load-clock.ts'
import { MetronomeAlarm } from './metronome.ts'
import { doOnce, OperationRunners } from './operation-runners.ts'
import { ThreadElement } from './thread-element.ts'
import type { FromThread, ReachedTargets, ThreadInit, ToThread } from './thread-messages.ts'

/** ms between two blocks of a task. */
const FLUSH_MS = 200
const STATUS_MS = 1_000

export class LoadThread {
  readonly #init: ThreadInit
  readonly #post: (message: FromThread, handedOver?: ArrayBuffer[]) => void
  readonly #elements: Element[]
  readonly #runners: OperationRunners
  readonly #clock: LoadClock
  /** Of what is done once. */
  #cut = new AbortController()
  #running: ThreadElement | undefined
  #ended: Promise<void> | undefined
  #used = performance.eventLoopUtilization()

  constructor(init: ThreadInit, port: MessagePort) {
    this.#init = init
    this.#post = (message, handedOver = []) => port.postMessage(message, handedOver)
    this.#clock = new LoadClock(new MetronomeAlarm(init.metronome))
    this.#elements = elementsOf(init.spec, init.params)
    this.#runners = new OperationRunners(init.folder, what => this.#post({ type: 'doing', what }))
    port.on('message', (message: ToThread) => this.#handle(message))
    setInterval(() => this.#running?.flush(), FLUSH_MS)
    setInterval(() => this.#tellStatus(), STATUS_MS)
    this.#post({ type: 'ready' })
  }

  #handle(message: ToThread): void {
    switch (message.type) {
      case 'load':
        return void this.#ran(() => this.#load())
      case 'probe':
        return void this.#ran(() => this.#probe(message.operation, message.within))
      case 'once':
        return void this.#ran(() => this.#once(message.operation))
      case 'element':
        return void this.#element(message)
      case 'complete':
        return this.#running?.complete()
      case 'cut':
        this.#cut.abort(new BakError('interrupted', 'cut short'))
        this.#cut = new AbortController()
        return this.#running?.cut()
      case 'end':
        return void this.#end()
    }
  }

  async #end(): Promise<void> {
    this.#running?.cut()
    await this.#ended
    await this.#runners.close()
    process.exit()
  }

  async #ran(work: () => Promise<ReachedTargets | undefined>): Promise<void> {
    try {
      const targets = await work()
      this.#post({ type: 'ran', ...(targets == null ? {} : { targets }) })
    } catch (cause) {
      this.#post({ type: 'ran', error: asBakError(cause).message })
    }
  }

  async #load(): Promise<undefined> {
    const { clients } = this.#init
    const all = this.#allClients
    const own = this.#elements.flatMap(element => clients.flatMap(client => tasksOfClient(element, all, client)))
    for (const { operation, operationName } of new Set(own.map(({ task }) => task)))
      await this.#runners.of(operation, operationName)
    return undefined
  }

  async #probe(key: string, within: number): Promise<ReachedTargets | undefined> {
    const operation = JSON.parse(key) as Operation
    const runner = await this.#runners.of(operation, operation.type)
    return runner.probe?.(AbortSignal.any([this.#cut.signal, AbortSignal.timeout(within)]))
  }

  async #once(called: string): Promise<undefined> {
    const { spec, params, folder } = this.#init
    const found = spec.operation.find(({ name }) => name === called)
    if (found == null) throw new BakError('bad-run-file', `there is no operation ${called}`)
    const { name, ...operation } = found
    const runner = await this.#runners.of(operation, name)
    await doOnce({ name, runner, params, folder, signal: this.#cut.signal })
    return undefined
  }

  async #element({ element: number, at, begin }: Extract<ToThread, { type: 'element' }>): Promise<void> {
    const element = this.#elements.find(each => each.number === number)
    if (element == null) return
    const { spec, clients, params, sample, folder, exact, isRaw } = this.#init
    const own = begin - sharedOffset()
    const running = new ThreadElement({
      ...{ element, allClients: this.#allClients, clients, params, sample, folder, isRaw },
      ...{ begin: own, wall: at - own },
      onError: loadOf(spec).on_error,
      taskNames: this.#elements.flatMap(({ tasks }) => tasks.map(({ name }) => name)),
      left: new Int32Array(exact),
      ...{ runners: this.#runners, clock: this.#clock, post: this.#post }
    })
    this.#running = running
    this.#ended = running.run()
    await this.#ended
    this.#running = undefined
  }

  get #allClients(): number {
    return clientsOf(this.#elements)
  }

  #tellStatus(): void {
    const used = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(used, this.#used)
    this.#used = used
    const tasks = this.#running?.tasks ?? []
    this.#post({ type: 'status', busy: utilization, lag: this.#clock.takeLatest(), tasks })
  }
}
