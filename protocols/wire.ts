/**
 * A connection that two peers have for one protocol, without a muxer: exchanges go over it one after the other, frames as on a stream.
 * As the connection outlasts them, a frame without a byte says that a side has no more to say. An exchange that does not end in
 * order on both sides ends the connection.
 */
import type { Duplex } from 'node:stream'
import { type Channel, MAX_CLOSING } from './channel.ts'
import { BakError } from './errors.ts'
import type { Protocol } from './stream.ts'
import { WireExchange } from './wire-exchange.ts'

/** Bytes that wait to be read, before the other side is held back; and what each piece of them costs beside its bytes. */
const MOST_WAITING = 256 * 1024
const PIECE = 256

interface Filling {
  into: Uint8Array
  at: number
  done: PromiseWithResolvers<void>
}

/** One end of it. */
export class Wire {
  readonly #socket: Duplex
  readonly #waiting: Uint8Array[] = []
  #held = 0
  #filling: Filling | undefined
  #exchange: WireExchange | undefined
  #readable = Promise.withResolvers<void>()
  /** No more bytes come. */
  #ended = false
  #deaf = false
  readonly #gone = new Set<() => void>()

  /** @param socket is this one's alone from now on */
  constructor(socket: Duplex) {
    this.#socket = socket
    socket.on('data', (piece: Uint8Array) => this.#take(piece))
    socket.on('error', () => socket.destroy())
    socket.once('end', () => this.#end())
    socket.once('close', () => {
      this.#end()
      for (const gone of this.#gone) gone()
      this.#gone.clear()
    })
  }

  get isOpen(): boolean {
    return !this.#ended && !this.#deaf && this.#socket.writable
  }

  /** Whether an exchange may begin. */
  get isFree(): boolean {
    return this.isOpen && this.#exchange == null
  }

  /** @throws {BakError} `busy` unless it is free */
  begin(protocol: Protocol<never, never> | Protocol<unknown, unknown>): Channel {
    if (!this.isFree) throw new BakError('busy', `${protocol.id}: another exchange is under way`)
    const exchange = new WireExchange(this, protocol as Protocol<unknown, unknown>, () => {
      if (this.#exchange === exchange) this.#exchange = undefined
    })
    this.#exchange = exchange
    return exchange
  }

  /** @returns whether the other side begins an exchange; false when it has gone */
  async untilCalled(): Promise<boolean> {
    while (this.isOpen && this.#waiting.length === 0) await this.#readable.promise
    return this.isOpen
  }

  /** Calls `gone` when the connection has ended. */
  whenGone(gone: () => void): void {
    if (this.#socket.closed) gone()
    else this.#gone.add(gone)
  }

  forget(gone: () => void): void {
    this.#gone.delete(gone)
  }

  /** Lets the other side have what was written, and hears no more. */
  end(): void {
    this.#deaf = true
    this.#waiting.length = 0
    this.#wake()
    const timer = setTimeout(() => this.#socket.destroy(), MAX_CLOSING).unref()
    this.#socket.once('close', () => clearTimeout(timer))
    this.#socket.resume().end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** @returns whether all of it had come, and is in `into` now: nearly always so for what follows the head of a frame */
  fillNow(into: Uint8Array): boolean {
    let had = 0
    for (const piece of this.#waiting) had += piece.length
    if (had < into.length) return false
    if (into.length > 0) this.#begin(into)
    return true
  }

  /** @returns false if the connection ended before the first byte. @throws if it ended later, or what the signal says */
  async fill(into: Uint8Array, signal: AbortSignal): Promise<boolean> {
    if (into.length === 0) return true
    const filling = this.#begin(into)
    if (filling.at < into.length && !this.#ended) {
      const stop = () => filling.done.reject(signal.reason)
      signal.addEventListener('abort', stop)
      if (signal.aborted) stop()
      await filling.done.promise.finally(() => {
        signal.removeEventListener('abort', stop)
        this.#filling = undefined
      })
    }
    this.#filling = undefined
    if (filling.at === into.length) return true
    if (filling.at === 0) return false
    throw new BakError('unreachable', 'the connection ended early')
  }

  /** @returns whether more may be written before it has drained. @throws {BakError} `unreachable` */
  write(pieces: Uint8Array[]): boolean {
    if (!this.#socket.writable || this.#deaf) throw new BakError('unreachable', 'the connection is gone')
    let mayMore = true
    for (const piece of pieces) mayMore = this.#socket.write(piece)
    return mayMore
  }

  async drain(signal: AbortSignal): Promise<void> {
    const drained = Promise.withResolvers<void>()
    const stop = () => drained.reject(signal.reason)
    const gone = () => drained.reject(new BakError('unreachable', 'the connection ended'))
    this.#socket.once('drain', drained.resolve)
    this.whenGone(gone)
    signal.addEventListener('abort', stop)
    if (signal.aborted) stop()
    await drained.promise.finally(() => {
      this.#socket.off('drain', drained.resolve)
      this.forget(gone)
      signal.removeEventListener('abort', stop)
    })
  }

  /** With what has come. */
  #begin(into: Uint8Array): Filling {
    const filling: Filling = { into, at: 0, done: Promise.withResolvers() }
    this.#filling = filling
    while (this.#waiting.length > 0 && filling.at < into.length) {
      const piece = this.#waiting.shift() as Uint8Array
      this.#held -= piece.length + PIECE
      const rest = this.#pour(piece)
      if (rest.length > 0) this.#keep(rest, 'unshift')
    }
    if (this.#held <= MOST_WAITING && this.#socket.isPaused()) this.#socket.resume()
    return filling
  }

  #take(piece: Uint8Array): void {
    if (this.#deaf) return
    const rest = this.#filling == null ? piece : this.#pour(piece)
    if (rest.length === 0) return
    this.#keep(rest, 'push')
    if (this.#held > MOST_WAITING) this.#socket.pause()
    this.#wake()
  }

  #keep(piece: Uint8Array, where: 'push' | 'unshift'): void {
    this.#held += piece.length + PIECE
    this.#waiting[where](piece)
  }

  /** @returns what is left when that which is to be filled is full */
  #pour(piece: Uint8Array): Uint8Array {
    const filling = this.#filling as Filling
    const length = Math.min(piece.length, filling.into.length - filling.at)
    filling.into.set(length === piece.length ? piece : piece.subarray(0, length), filling.at)
    filling.at += length
    if (filling.at === filling.into.length) {
      this.#filling = undefined
      filling.done.resolve()
    }
    return piece.subarray(length)
  }

  #end(): void {
    this.#ended = true
    this.#filling?.done.resolve()
    this.#wake()
  }

  #wake(): void {
    this.#readable.resolve()
    this.#readable = Promise.withResolvers()
  }
}
