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
      await Promise.all(this.#living.map(thread => this.#ask(thread, { type: 'load' })))
      const targets = await this.#probe()
      const operations = load.prepare.map(operation => ({ type: 'once' as const, operation }))
      await this.#pulled(operations, ({ operation }) => operation)
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
    for (const ran of await this.#pulled(messages, () => 'reaching the targets'))
      for (const each of ran.targets ?? []) targets.set(each.target, each)
    return [...targets.values()].slice(0, MAX_TARGETS)
  }

  /** Threads pull what is next as soon as they are free; with the first failure no more begins. @param nameOf what is shown as going on */
  async #pulled<M extends ToThread>(messages: M[], nameOf: (message: M) => string): Promise<Ran[]> {
    const left = messages.slice()
    const ran: Ran[] = []
    const tell = (message: M) => {
      this.prepared = { done: ran.length, total: messages.length, what: nameOf(message) }
    }
    const pull = async (thread: number) => {
      for (let next = left.shift(); next != null; next = left.shift()) {
        tell(next)
        ran.push(await this.#ask(thread, next))
        tell(next)
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
