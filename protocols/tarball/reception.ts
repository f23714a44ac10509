/** One stream of a tarball at its receiver. */
import { BakError } from '../errors.ts'
import type { Carrier } from '../path.ts'
import type { Exchange } from '../stream.ts'
import { SILENCE_TIMEOUT_MS, type ToReceiver } from './messages.ts'

/** One stream at the receiver, which ends when its sender comes with another. */
export class Reception {
  readonly peer: string
  readonly carrier: Carrier | undefined
  readonly ended: Promise<void>
  readonly end: () => void
  readonly supersede: () => void
  readonly #exchange: Exchange<ToReceiver>
  readonly #superseded: Promise<never>

  constructor(exchange: Exchange<ToReceiver>) {
    this.#exchange = exchange
    this.peer = exchange.peer
    this.carrier = exchange.carrier
    const ended = Promise.withResolvers<void>()
    this.ended = ended.promise
    this.end = ended.resolve
    const superseded = Promise.withResolvers<never>()
    superseded.promise.catch(() => {})
    this.#superseded = superseded.promise
    this.supersede = () => superseded.reject(new BakError('interrupted', 'the sender came again on another stream'))
  }

  receive(): Promise<ToReceiver | undefined> {
    return this.#unlessSuperseded(this.#exchange.receive())
  }

  receivePlain(into: Uint8Array): Promise<void> {
    return this.#unlessSuperseded(this.#exchange.receivePlain(into))
  }

  #unlessSuperseded<T>(coming: Promise<T>): Promise<T> {
    coming.catch(() => {})
    return Promise.race([coming, this.#superseded])
  }
}

/** Waits for `work`, and meanwhile tells the other side that it goes on. */
export async function* pulsing<T>(work: Promise<T>): AsyncGenerator<{ type: 'pulse' }, T> {
  const settled = work.then(
    () => true,
    () => true
  )
  try {
    for (;;) {
      const beat = Promise.withResolvers<boolean>()
      const timer = setTimeout(() => beat.resolve(false), SILENCE_TIMEOUT_MS / 3)
      // a beat to come is no reason for a daemon to stay up
      timer.unref()
      const over = await Promise.race([settled, beat.promise]).finally(() => clearTimeout(timer))
      if (over) return await work
      yield { type: 'pulse' }
    }
  } finally {
    // nobody may close what is still being worked on
    await settled
  }
}
