/** What the driver does outside of elements: loads operations, looks whether their targets are there, and does operations once. */
import { BakError } from '../../../../protocols/errors.ts'
import type { Element } from '../../../../protocols/tasks/elements.ts'
import type { LoadStatus } from '../../../../protocols/tasks/load-stream.ts'
import type { Operation } from '../../../../protocols/tasks/operation.ts'
import type { Load } from '../../../../protocols/tasks/task.ts'
import { InTurn } from '../../../in-turn.ts'
import type { FromThread, ReachedTargets, ToThread } from './thread-messages.ts'
import type { WorkerThreads } from './worker-threads.ts'

/** That one answer has room for. */
const MAX_TARGETS = 64

type Ran = Extract<FromThread, { type: 'ran' }>

export interface OnceTasksInit {
  threads: WorkerThreads
  elements: Element[]
  load: Load
}

export class OnceTasks {
  /** Of preparation, while that goes on. */
  prepared: LoadStatus['prepared']
  readonly #init: OnceTasksInit
  /** By thread. */
  readonly #waiting = new Map<number, (ran: Ran) => void>()
  readonly #lost = new Set<number>()
  readonly #inTurn = new Map<number, InTurn>()

  constructor(init: OnceTasksInit) {
    this.#init = init
  }

  onRan(thread: number, ran: Ran): void {
    const resolve = this.#waiting.get(thread)
    this.#waiting.delete(thread)
    resolve?.(ran)
  }

  onLost(thread: number, why: string): void {
    this.#lost.add(thread)
    this.onRan(thread, { type: 'ran', error: why })
  }

  /** @returns the targets that answered @throws {BakError} why a task cannot be begun */
  async prepare(): Promise<ReachedTargets> {
    const { load } = this.#init
    try {
      await this.#onEach(this.#living.map(() => ({ type: 'load' })))
      const targets = await this.#probe()
      await this.#doAll(load.prepare)
      return targets
    } finally {
      this.prepared = undefined
    }
  }

  /** One after the other. @throws {BakError} naming the one that failed */
  async inOrder(operations: string[]): Promise<void> {
    for (const operation of operations) {
      const [first] = this.#living
      if (first == null) throw new BakError('workload-failed', 'no worker thread is left')
      await this.#ask(first, { type: 'once', operation })
    }
  }

  async #probe(): Promise<ReachedTargets> {
    const { elements, load } = this.#init
    const operations = elements.flatMap(({ tasks }) => tasks.map(({ operation }) => keyOf(operation)))
    const within = load.probe_timeout * 1_000
    const messages = [...new Set(operations)].map(operation => ({ type: 'probe' as const, operation, within }))
    const targets = new Map<string, ReachedTargets[number]>()
    let done = 0
    const tell = () => {
      this.prepared = { done, total: messages.length, what: 'reaching the targets' }
    }
    const ends = () => {
      done++
      tell()
    }
    for (const ran of await this.#pulled(messages, { begins: tell, ends }))
      for (const each of ran.targets ?? []) targets.set(each.target, each)
    return [...targets.values()].slice(0, MAX_TARGETS)
  }

  /** Each once, by the threads that are free. */
  async #doAll(operations: string[]): Promise<void> {
    let done = 0
    const total = operations.length
    const tell = (what: string) => {
      this.prepared = { done, total, what }
    }
    await this.#pulled(
      operations.map(operation => ({ type: 'once', operation })),
      {
        begins: tell,
        ends(what) {
          done++
          tell(what)
        }
      }
    )
  }

  /** Threads pull what is next as soon as they are free; with the first failure no more begins. */
  async #pulled(messages: ToThread[], told?: { begins(what: string): void; ends(what: string): void }): Promise<Ran[]> {
    const left = messages.slice()
    const ran: Ran[] = []
    const pull = async (thread: number) => {
      for (let next = left.shift(); next != null; next = left.shift()) {
        const what = 'operation' in next ? next.operation : ''
        told?.begins(what)
        ran.push(await this.#ask(thread, next))
        told?.ends(what)
      }
    }
    await Promise.all(
      this.#living.map(thread =>
        pull(thread).catch(cause => {
          left.length = 0
          throw cause
        })
      )
    )
    return ran
  }

  async #onEach(messages: ToThread[]): Promise<void> {
    const living = this.#living
    await Promise.all(messages.map((message, i) => this.#ask(living[i] ?? 0, message)))
  }

  get #living(): number[] {
    return Array.from({ length: this.#init.threads.size }, (_, thread) => thread).filter(each => !this.#lost.has(each))
  }

  /** What a thread was asked before ends first: where something failed it may still be under way. */
  async #ask(thread: number, message: ToThread): Promise<Ran> {
    const inTurn = this.#inTurn.get(thread) ?? new InTurn()
    this.#inTurn.set(thread, inTurn)
    const ran = await inTurn.run(() => this.#tell(thread, message))
    if (ran.error != null) throw new BakError('workload-failed', ran.error)
    return ran
  }

  #tell(thread: number, message: ToThread): Promise<Ran> {
    return new Promise(resolve => {
      if (this.#lost.has(thread)) return resolve({ type: 'ran', error: 'its worker thread is gone' })
      this.#waiting.set(thread, resolve)
      this.#init.threads.tell(thread, message)
    })
  }
}

const keyOf = (operation: Operation) => JSON.stringify(operation)
