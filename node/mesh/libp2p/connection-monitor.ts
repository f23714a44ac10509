/**
 * Closes connections that have fallen silent. Any byte received is a sign of life; only a silent connection is pinged, with yamux's own ping: a
 * frame of twelve bytes, without a stream. Replaces libp2p's monitor and yamux's keep-alive, which ping every connection from both sides.
 */
import type { Connection, MessageStream, StreamMuxer, StreamMuxerFactory } from '@libp2p/interface'
import { BakError } from '../../../protocols/errors.ts'
import type { LowNoiseMode } from '../idle/low-noise.ts'
import { AlignedTimer } from '../idle/timer.ts'

/** Silence after which a connection is pinged: it is closed after at most twice as long, and the time for the answer. */
const SILENCE_MS = 8_000
/** Silence while tools measure. */
const LOW_NOISE_SILENCE_MS = 10_000
/** Time for an answer, which takes a busy machine some seconds. */
const PING_TIMEOUT_MS = 6_000

/** A muxer of yamux, with its ping. */
export interface Pinging extends StreamMuxer {
  ping(): Promise<number>
}

interface Watched {
  muxer: Pinging
  connection: MessageStream
  /** When a byte was received last, on a clock that never goes back, ms. */
  received: number
  pinged?: Promise<boolean>
}

export interface ConnectionMonitorInit {
  lowNoise?: LowNoiseMode
  /** Silence after which a connection is pinged, ms; while tools measure, the second. */
  silence?: number
  lowNoiseSilence?: number
  /** Time for an answer, ms. */
  timeout?: number
}

export class ConnectionMonitor {
  readonly #lowNoise: LowNoiseMode | undefined
  readonly #timeout: number
  readonly #watched = new Map<StreamMuxer, Watched>()
  readonly #silence: () => number
  readonly #timer: AlignedTimer

  constructor({
    lowNoise,
    silence = SILENCE_MS,
    lowNoiseSilence = LOW_NOISE_SILENCE_MS,
    timeout = PING_TIMEOUT_MS
  }: ConnectionMonitorInit = {}) {
    this.#lowNoise = lowNoise
    this.#timeout = timeout
    this.#silence = () => (lowNoise?.active === true ? lowNoiseSilence : silence)
    this.#timer = new AlignedTimer(() => this.#check(), this.#silence)
  }

  start(): void {
    this.#lowNoise?.addEventListener('change', this.#onChange)
    this.#timer.start()
  }

  stop(): void {
    this.#lowNoise?.removeEventListener('change', this.#onChange)
    this.#timer.stop()
  }

  /** @returns the same muxers, each watched while its connection is open */
  watch(make: () => StreamMuxerFactory<Pinging>): () => StreamMuxerFactory {
    return () => {
      const factory = make()
      return {
        ...{ protocol: factory.protocol },
        createStreamMuxer: connection => this.#add(factory.createStreamMuxer(connection), connection)
      }
    }
  }

  /**
   * Pings a connection unless a byte was received within `recent` ms.
   * @throws {BakError} `timeout` if there is no answer in time
   */
  async probe(connection: Connection, recent: number): Promise<void> {
    // a private field
    const watched = this.#watched.get((connection as unknown as { muxer: StreamMuxer }).muxer)
    if (watched == null || performance.now() - watched.received < recent) return
    if (!(await this.#ping(watched))) throw silent()
  }

  #add(muxer: Pinging, connection: MessageStream): Pinging {
    const watched: Watched = { muxer, connection, received: performance.now() }
    this.#watched.set(muxer, watched)
    connection.addEventListener('message', () => {
      watched.received = performance.now()
    })
    connection.addEventListener('close', () => this.#watched.delete(muxer), { once: true })
    // yamux's windows grow by the round trip, which it learns from a ping only
    queueMicrotask(() => void this.#ping(watched))
    return muxer
  }

  #check(): void {
    const before = performance.now() - this.#silence()
    for (const watched of this.#watched.values()) {
      if (watched.received > before || watched.pinged != null) continue
      this.#ping(watched).then(alive => {
        if (!alive) this.#close(watched)
      })
    }
  }

  /** @returns whether anything was received in time, the answer or something else */
  #ping(watched: Watched): Promise<boolean> {
    watched.pinged ??= this.#answer(watched).finally(() => {
      watched.pinged = undefined
    })
    return watched.pinged
  }

  async #answer(watched: Watched): Promise<boolean> {
    const pinged = performance.now()
    const over = Promise.withResolvers<void>()
    // bytes that arrived while this process was held up are read first
    const timer = setTimeout(() => setImmediate(over.resolve), this.#timeout).unref()
    // without a signal: yamux ends the connection on an answer to a ping that was given up
    const answered = watched.muxer.ping().catch(() => {})
    await Promise.race([answered, over.promise])
    clearTimeout(timer)
    return watched.received > pinged
  }

  /** In a later turn than one in which a stream may begin on it, see `hang-up.ts`. */
  #close({ muxer, connection }: Watched): void {
    setImmediate(() => {
      if (connection.status !== 'open') return
      muxer.abort(silent())
      connection.abort(silent())
    })
  }

  readonly #onChange = (): void => this.#timer.start()
}

const silent = () => new BakError('timeout', 'the connection has fallen silent')
