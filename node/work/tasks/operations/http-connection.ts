/** The connection of one client of an `http` operation, and what comes on it. */
import { Client, type Dispatcher } from 'undici'
import type { HttpOperation } from '../../../../protocols/tasks/operation.ts'

/** As long as a timer of Node can wait: a connection ends because the server ended it, not because its client had to wait for its turn. */
const IDLE_MS = 2 ** 31 - 1
/** Of the headers of a response. */
const MAX_RESPONSE_HEADERS = 64 * 1024

/** HTTP/1.1 and no timeouts of undici's own: who asks has one, for the request as a whole. */
export const clientOptions = ({ verify_certificate }: Pick<HttpOperation, 'verify_certificate'>): Client.Options => ({
  connect: { rejectUnauthorized: verify_certificate },
  allowH2: false,
  bodyTimeout: 0,
  headersTimeout: 0,
  connectTimeout: 0,
  keepAliveTimeout: IDLE_MS,
  keepAliveMaxTimeout: IDLE_MS,
  maxHeaderSize: MAX_RESPONSE_HEADERS
})

/** Called when a request has ended: `status` 0 is that none came. */
type Ended = (status: number, error: Error | undefined) => void

/** One request at a time. Its own handler, so that a request has no objects but those of undici. */
export class HttpConnection implements Dispatcher.DispatchHandler {
  readonly #client: Client
  readonly #ended: Ended
  #status = 0
  #isAbandoned = false

  constructor(origin: string, options: Client.Options, ended: Ended) {
    this.#client = new Client(origin, options)
    this.#ended = ended
  }

  send(options: Dispatcher.DispatchOptions): void {
    this.#status = 0
    this.#client.dispatch(options, this)
  }

  /** What is still answered on it is answered to nobody. */
  async abandon(): Promise<void> {
    this.#isAbandoned = true
    await this.#client.destroy().catch(() => {})
  }

  // undici demands these two; the bytes of a response are read, and not looked at
  onRequestStart(): void {}
  onResponseData(): void {}

  onResponseStart(_: Dispatcher.DispatchController, status: number): void {
    // one below 200 announces another
    this.#status = status
  }

  onResponseEnd(): void {
    if (!this.#isAbandoned) this.#ended(this.#status, undefined)
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    if (!this.#isAbandoned) this.#ended(this.#status, error)
  }
}
