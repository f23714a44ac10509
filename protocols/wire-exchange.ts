/** One exchange on a connection that has others before and after it, from either end. */
import { type Channel, checkSize, inTime, MAX_CLOSING, MAX_MESSAGE, type Patience } from './channel.ts'
import { decode, encode, type Schema } from './codec.ts'
import { BakError } from './errors.ts'
import type { Protocol, WaitOptions } from './stream.ts'
import type { Wire } from './wire.ts'

/** A frame without a byte. */
const END = new Uint8Array(4)
type Status = 'open' | 'closed' | 'aborted'

export class WireExchange implements Channel {
  readonly #wire: Wire
  readonly #protocol: Protocol<unknown, unknown>
  readonly #free: () => void
  readonly #gone = new Set<() => void>()
  #status: Status = 'open'
  #isOver = false
  /** The other side has no more to say. */
  #heard = false

  constructor(wire: Wire, protocol: Protocol<unknown, unknown>, free: () => void) {
    this.#wire = wire
    this.#protocol = protocol
    this.#free = free
    wire.whenGone(this.#onGone)
  }

  get status(): Status {
    return this.#status
  }

  async write(value: unknown, options: WaitOptions = {}, plain?: Uint8Array): Promise<void> {
    const body = encode(value)
    checkSize(this.#protocol, body.length, this.#protocol.maxFrame)
    const frame = new Uint8Array(4 + body.length)
    new DataView(frame.buffer).setUint32(0, body.length)
    frame.set(body, 4)
    const pieces = plain == null ? [frame] : [frame, plain]
    if (!this.#wire.write(pieces))
      await inTime(this.#protocol, 'take a message', options, signal => this.#wire.drain(signal))
  }

  async read<T>(schema: Schema<T>, options: Patience & { most?: number } = {}): Promise<T | undefined> {
    const { signal, within, most = this.#protocol.maxFrame } = options
    if (this.#heard) return undefined
    const head = new Uint8Array(4)
    if (!this.#wire.fillNow(head))
      await inTime(this.#protocol, 'answer', { signal, within }, waiting => this.#fill(head, waiting))
    const length = new DataView(head.buffer).getUint32(0)
    this.#heard = length === 0
    if (this.#heard) return undefined
    checkSize(this.#protocol, length, most)
    const body = new Uint8Array(length)
    await this.readPlain(body, { signal })
    return decode(schema, body)
  }

  async readPlain(into: Uint8Array, { signal }: WaitOptions = {}): Promise<void> {
    if (this.#wire.fillNow(into)) return
    const patience = { signal, within: MAX_MESSAGE }
    await inTime(this.#protocol, 'say the rest', patience, waiting => this.#fill(into, waiting))
  }

  /** Both sides say it: what comes next is the next exchange. */
  async close(): Promise<void> {
    if (this.#status !== 'open') return
    this.#status = 'closed'
    const head = new Uint8Array(4)
    try {
      await inTime(this.#protocol, 'take the last words', { within: MAX_CLOSING }, async waiting => {
        if (!this.#wire.write([END])) await this.#wire.drain(waiting)
        if (!this.#heard) await this.#fill(head, waiting)
      })
    } catch (error) {
      this.abort(error as Error)
      throw error
    }
    if (head.some(byte => byte !== 0)) return this.abort(new BakError('bad-message', 'more is said than was asked for'))
    this.#over('closed')
  }

  async fail(error: BakError): Promise<void> {
    if (this.#status !== 'open') return
    try {
      await this.write({ error: { code: error.code, message: error.message.slice(0, 1024) } })
      this.#over('closed')
      // what the other side sent meanwhile belongs to nothing any more
      this.#wire.end()
    } catch {
      this.abort(error)
    }
  }

  abort(_error: Error): void {
    if (this.#isOver) return
    this.#over(this.#status === 'open' ? 'aborted' : this.#status)
    this.#wire.destroy()
  }

  whenGone(gone: () => void): void {
    if (this.#isOver) gone()
    else this.#gone.add(gone)
  }

  async #fill(into: Uint8Array, signal: AbortSignal): Promise<void> {
    if (await this.#wire.fill(into, signal)) return
    throw new BakError('unreachable', `${this.#protocol.id}: the connection ended`)
  }

  readonly #onGone = () => this.#over(this.#status === 'open' ? 'aborted' : this.#status)

  #over(status: Status): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#status = status
    this.#wire.forget(this.#onGone)
    this.#free()
    for (const gone of this.#gone) gone()
    this.#gone.clear()
  }
}
