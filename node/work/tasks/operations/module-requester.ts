/** The requests of one client of a `module` operation: calls of its function, one after the other. */
import type { ModuleOperation } from '../../../../protocols/tasks/operation.ts'
import type { ClientContext, Outcome, Requester } from '../operation.ts'
import { CUT, kindOf } from './error-kinds.ts'
import { ModuleCall } from './module-call.ts'
import { RequestTimer } from './request-timer.ts'

type Params = Record<string, unknown>
interface SetupContext {
  params: Params
  folder: string
}

/** What a module exports. */
export interface LoadModule {
  request(context: ModuleCall): unknown
  /** The share of one client: its params, or an iterable of params, one for each request, with whose end the client ends. */
  partition?(params: Params, index: number, clients: number): unknown
  /** Once in each worker thread, before its first client opens and behind the last. */
  setup?(context: SetupContext): unknown
  teardown?(context: SetupContext): unknown
  /** Of each client; what `open` returns is `context.client` of its requests. */
  open?(context: ModuleCall): unknown
  close?(context: ModuleCall): unknown
}

type Shares = AsyncIterator<Params> | Iterator<Params>

export class ModuleRequester implements Requester {
  readonly #module: LoadModule
  readonly #context: ClientContext
  readonly #shares: Shares | undefined
  readonly #timer: RequestTimer
  #params: Params
  #client: unknown
  #request = 0
  /** Of the open request. */
  #aborts = new AbortController()
  #giveUp: ((kind: string) => void) | undefined
  #isEmpty = false
  #isAdvancing = false

  /** @throws what its own functions throw */
  static async open(operation: ModuleOperation, module: LoadModule, context: ClientContext): Promise<ModuleRequester> {
    const { index, clients } = context
    const share = (await module.partition?.(structuredClone(operation.params), index, clients)) ?? operation.params
    const requester = new ModuleRequester(operation, module, context, share)
    try {
      await requester.#advance()
      requester.#client = await module.open?.(requester.#call())
      return requester
    } catch (cause) {
      requester.#timer.close()
      throw cause
    }
  }

  private constructor({ timeout }: ModuleOperation, module: LoadModule, context: ClientContext, share: unknown) {
    this.#module = module
    this.#context = context
    this.#shares = iteratorOf(share)
    this.#params = (this.#shares == null ? share : {}) as Params
    this.#timer = new RequestTimer(timeout * 1000, context.signal, kind => this.#abandon(kind))
  }

  /** Its requests end by themselves. */
  get isFinite(): boolean {
    return this.#shares != null
  }

  get isEmpty(): boolean {
    return this.#isEmpty
  }

  async request(): Promise<Outcome> {
    const call = this.#call()
    this.#request++
    call.begin()
    if (this.#timer.isCut) return call.end(CUT)
    const outcome = await this.#unlessGivenUp(call.run(this.#module.request), kind => call.end(kind))
    if (this.#shares == null || outcome.isLast) return outcome
    // what comes next may be read from somewhere; the end of the request is known by now
    const failure = await this.#unlessGivenUp(
      this.#advance().then(() => undefined, kindOf),
      kind => kind
    )
    // what could not be read is the end of it, and named
    if (failure != null) return { ...outcome, failed: outcome.failed ?? failure, isLast: true }
    return this.#isEmpty ? { ...outcome, isLast: true } : outcome
  }

  /** @param work never rejects @param givenUp what it comes to at the timeout, and when the task is cut short */
  async #unlessGivenUp<T>(work: Promise<T>, givenUp: (kind: string) => T): Promise<T> {
    const done = await new Promise<T>(resolve => {
      this.#giveUp = kind => resolve(givenUp(kind))
      this.#timer.start()
      work.then(resolve)
    })
    this.#timer.stop()
    this.#giveUp = undefined
    return done
  }

  async close(): Promise<void> {
    this.#abandon(CUT)
    this.#timer.close()
    // one that has not said what comes next would not hear it before it has
    if (!this.#isAdvancing) await this.#shares?.return?.()
    await this.#module.close?.(this.#call())
  }

  #call(): ModuleCall {
    return new ModuleCall(this.#context, {
      params: this.#params,
      client: this.#client,
      request: this.#request,
      signal: this.#aborts.signal
    })
  }

  /** The function may still go on: it is told so, and what it returns is not looked at any more. */
  #abandon(kind: string): void {
    if (this.#giveUp == null) return
    this.#giveUp(kind)
    this.#giveUp = undefined
    this.#aborts.abort(new DOMException(`the request has ended: ${kind}`, 'AbortError'))
    this.#aborts = new AbortController()
  }

  /** To the params of the next request. */
  async #advance(): Promise<void> {
    if (this.#shares == null) return
    this.#isAdvancing = true
    try {
      const next = await this.#shares.next()
      this.#isEmpty = next.done === true
      if (!next.done) this.#params = next.value
    } finally {
      this.#isAdvancing = false
    }
  }
}

function iteratorOf(share: unknown): Shares | undefined {
  if (share == null || typeof share !== 'object') return undefined
  if (Symbol.asyncIterator in share) return (share as AsyncIterable<Params>)[Symbol.asyncIterator]()
  if (Symbol.iterator in share) return (share as Iterable<Params>)[Symbol.iterator]()
  return undefined
}
