/** The requests of one client of an `http` operation: one at a time, on a connection that is its own. */
import type { Client, Dispatcher } from 'undici'
import type { HttpAddress } from '../../../../protocols/tasks/http-address.ts'
import type { HttpOperation } from '../../../../protocols/tasks/operation.ts'
import type { ClientContext, Outcome, Requester } from '../operation.ts'
import { CUT, isNetworkKind, kindOf } from './error-kinds.ts'
import { clientOptions, HttpConnection } from './http-connection.ts'
import { RequestTimer } from './request-timer.ts'
import { filled, type PlaceholderValues, type Template, templateOf } from './template.ts'

export class HttpRequester implements Requester {
  readonly #origin: string
  readonly #clientOptions: Client.Options
  readonly #path: string | Template
  readonly #headers: (string | Template)[]
  readonly #body: string | Template | undefined
  readonly #options: Dispatcher.DispatchOptions
  readonly #expect: ReadonlySet<number> | undefined
  readonly #values: PlaceholderValues
  readonly #timer: RequestTimer
  #connection: HttpConnection
  /** Of the open request. */
  #resolve: ((outcome: Outcome) => void) | undefined
  #begun = 0

  constructor(
    operation: HttpOperation,
    { origin, path, body: file }: HttpAddress & { body?: Buffer | undefined },
    { index, clients, signal }: ClientContext
  ) {
    const { method, headers, body, expect, keep_alive, timeout } = operation
    this.#origin = origin
    this.#clientOptions = clientOptions(operation)
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
      body: typeof this.#body === 'string' ? Buffer.from(this.#body) : (file ?? null),
      reset: !keep_alive
    }
    this.#connection = this.#connect()
    this.#timer = new RequestTimer(timeout * 1000, signal, kind => this.#giveUp(kind))
  }

  request(): Promise<Outcome> {
    return new Promise(resolve => {
      this.#resolve = resolve
      this.#fillIn()
      this.#begun = performance.now()
      if (this.#timer.isCut) return this.#end(CUT)
      this.#timer.start()
      // a connection that is not there yet is made within the request
      this.#connection.send(this.#options)
    })
  }

  async close(): Promise<void> {
    this.#timer.close()
    const left = this.#connection
    this.#end(CUT)
    await left.abandon()
  }

  #connect(): HttpConnection {
    return new HttpConnection(this.#origin, this.#clientOptions, (status, error) => {
      if (error != null) return this.#end(kindOf(error), status === 0)
      const isGood = this.#expect == null ? status < 400 : this.#expect.has(status)
      this.#end(isGood ? undefined : `status ${status}`)
    })
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

  #end(failed: string | undefined, isUnanswered = false): void {
    const resolve = this.#resolve
    if (resolve == null) return
    const ended = performance.now()
    this.#resolve = undefined
    this.#timer.stop()
    if (failed == null) resolve({ begun: this.#begun, ended })
    else resolve({ begun: this.#begun, ended, failed, isNetwork: isUnanswered && isNetworkKind(failed) })
  }

  /** The request ends here, and with it its connection: what is still answered would be taken for the answer to the next. */
  #giveUp(kind: string): void {
    if (this.#resolve == null) return
    const old = this.#connection
    this.#connection = this.#connect()
    this.#end(kind)
    void old.abandon()
  }
}
