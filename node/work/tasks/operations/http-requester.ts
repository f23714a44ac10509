/** The requests of one client of an `http` operation: one at a time, on a connection that is its own. */
import { Client, type Dispatcher } from 'undici'
import type { HttpAddress } from '../../../../protocols/tasks/http-address.ts'
import type { HttpOperation } from '../../../../protocols/tasks/operation.ts'
import { onAbort } from '../../../wait.ts'
import type { ClientContext, Outcome, Requester } from '../operation.ts'
import { CUT, isNetworkKind, kindOf, TIMEOUT } from './error-kinds.ts'
import { RequestTimer } from './request-timer.ts'
import { filled, type PlaceholderValues, type Template, templateOf } from './template.ts'

/** Longer than a task: a connection is given up by the server, not because its client waited for its next request. */
const IDLE_MS = 31 * 86_400_000
/** Of the headers of a response. */
export const MAX_RESPONSE_HEADERS = 64 * 1024

/** Of an address that is reached only as often as it is asked: HTTP/1.1, no timeouts of undici's own. */
export const CLIENT_OPTIONS: Client.Options = {
  allowH2: false,
  bodyTimeout: 0,
  headersTimeout: 0,
  connectTimeout: 0,
  keepAliveTimeout: IDLE_MS,
  keepAliveMaxTimeout: IDLE_MS,
  maxHeaderSize: MAX_RESPONSE_HEADERS
}

export class HttpRequester implements Requester, Dispatcher.DispatchHandler {
  readonly #origin: string
  readonly #path: string | Template
  readonly #headers: (string | Template)[]
  readonly #body: string | Template | undefined
  readonly #options: Dispatcher.DispatchOptions
  readonly #expect: ReadonlySet<number> | undefined
  readonly #values: PlaceholderValues
  readonly #timer: RequestTimer
  readonly #ignoreAbort: () => void
  #client: Client
  /** Of the open request. */
  #resolve: ((outcome: Outcome) => void) | undefined
  #begun = 0
  #status = 0
  #isCut = false

  constructor(operation: HttpOperation, { origin, path }: HttpAddress, { index, clients, signal }: ClientContext) {
    const { method, headers, body, expect, keep_alive, timeout } = operation
    this.#origin = origin
    this.#path = templateOf(path)
    this.#headers = Object.entries(headers).flatMap(([name, value]) => [name, templateOf(value)])
    this.#body = body == null ? undefined : templateOf(body)
    this.#expect = expect == null ? undefined : new Set(expect)
    this.#values = { client: index, clients, request: 0 }
    // one object for all requests: what varies is written into it before each
    this.#options = {
      method,
      path: typeof this.#path === 'string' ? this.#path : '/',
      headers: this.#headers.map(each => filled(each, this.#values)),
      body: typeof this.#body === 'string' ? Buffer.from(this.#body) : null,
      reset: !keep_alive
    }
    this.#client = new Client(origin, CLIENT_OPTIONS)
    this.#timer = new RequestTimer(timeout * 1000, () => this.#giveUp(TIMEOUT))
    this.#ignoreAbort = onAbort(signal, () => {
      this.#isCut = true
      this.#giveUp(CUT)
    })
  }

  request(): Promise<Outcome> {
    this.#begun = performance.now()
    if (this.#isCut) return Promise.resolve({ begun: this.#begun, ended: this.#begun, failed: CUT })
    return new Promise(resolve => {
      this.#resolve = resolve
      this.#status = 0
      this.#fillIn()
      this.#timer.start()
      this.#begun = performance.now()
      this.#client.dispatch(this.#options, this)
    })
  }

  async close(): Promise<void> {
    this.#ignoreAbort()
    this.#giveUp(CUT)
    this.#timer.close()
    await this.#client.destroy()
  }

  // undici demands it
  onRequestStart(): void {}

  onResponseStart(_: Dispatcher.DispatchController, status: number): void {
    // what is below 200 announces another
    this.#status = status
  }

  onResponseEnd(): void {
    const status = this.#status
    const isGood = this.#expect == null ? status < 400 : this.#expect.has(status)
    this.#end(isGood ? undefined : `status ${status}`)
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#end(kindOf(error))
  }

  #fillIn(): void {
    const options = this.#options
    const values = this.#values
    if (typeof this.#path !== 'string') options.path = this.#path(values)
    if (typeof this.#body === 'function') options.body = Buffer.from(this.#body(values))
    const headers = options.headers as string[]
    for (let i = 1; i < headers.length; i += 2) {
      const value = this.#headers[i]
      if (typeof value === 'function') headers[i] = value(values)
    }
    values.request++
  }

  #end(failed: string | undefined): void {
    const resolve = this.#resolve
    if (resolve == null) return
    const ended = performance.now()
    this.#resolve = undefined
    this.#timer.stop()
    if (failed == null) return resolve({ begun: this.#begun, ended })
    resolve({ begun: this.#begun, ended, failed, isNetwork: this.#status === 0 && isNetworkKind(failed) })
  }

  /** The request ends here, and with it its connection: what is still answered would be taken for the answer to the next. */
  #giveUp(kind: string): void {
    if (this.#resolve == null) return
    this.#end(kind)
    const old = this.#client
    this.#client = new Client(this.#origin, CLIENT_OPTIONS)
    void old.destroy().catch(() => {})
  }
}
