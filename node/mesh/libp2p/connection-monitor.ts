/**
 * Notices that a connection has fallen silent. Whatever comes on it is a sign of life; only one on which nothing came for a while is
 * asked for one, with yamux's own ping: a frame of twelve bytes, and no stream. Takes the place of libp2p's monitor and of the
 * keep-alive of yamux, which ask on every connection in any case, each from both sides.
 */
import type { Connection, MessageStream, StreamMuxer, StreamMuxerFactory } from '@libp2p/interface'
import { BakError } from '../../../protocols/errors.ts'
import type { LowNoiseMode } from '../idle/low-noise.ts'
import { AlignedTimer } from '../idle/timer.ts'

/** Silence after which a connection is asked, ms: it is given up after at most twice as long, and the time for the answer. */
const PERIOD = 8_000
/** The same between start and stop. */
const MEASURING = 10_000
/** Time for an answer; a busy machine may take some seconds for it, ms. */
const PATIENCE = 6_000

/** What yamux's muxer has beside those of others. */
export interface Pinging extends StreamMuxer {
  ping(): Promise<number>
}

interface Watched {
  muxer: Pinging
  connection: MessageStream
  /** When something came last, on a clock that never goes back, ms. */
  heard: number
  asked?: Promise<boolean>
}

export interface ConnectionMonitorInit {
  lowNoise?: LowNoiseMode
  /** ms */
  period?: number
  measuring?: number
  patience?: number
}

export class ConnectionMonitor {
  readonly #lowNoise: LowNoiseMode | undefined
  readonly #patience: number
  readonly #watched = new Map<StreamMuxer, Watched>()
  readonly #period: () => number
  readonly #beat: AlignedTimer

  constructor({ lowNoise, period = PERIOD, measuring = MEASURING, patience = PATIENCE }: ConnectionMonitorInit = {}) {
    this.#lowNoise = lowNoise
    this.#patience = patience
    this.#period = () => (lowNoise?.active === true ? measuring : period)
    this.#beat = new AlignedTimer(() => this.#look(), this.#period)
  }

  start(): void {
    this.#lowNoise?.addEventListener('change', this.#onChange)
    this.#beat.start()
  }

  stop(): void {
    this.#lowNoise?.removeEventListener('change', this.#onChange)
    this.#beat.stop()
  }

  /** @returns the same muxers, each watched for as long as its connection is open */
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
   * Asks a connection for a sign of life, unless there was one within `lately` ms.
   * @throws {BakError} `timeout` when there was none in time
   */
  async feel(connection: Connection, lately: number): Promise<void> {
    // libp2p's connections have it, and only their type hides it
    const watched = this.#watched.get((connection as unknown as { muxer: StreamMuxer }).muxer)
    if (watched == null || performance.now() - watched.heard < lately) return
    if (!(await this.#ask(watched))) throw silent()
  }

  #add(muxer: Pinging, connection: MessageStream): Pinging {
    const watched: Watched = { muxer, connection, heard: performance.now() }
    this.#watched.set(muxer, watched)
    connection.addEventListener('message', () => {
      watched.heard = performance.now()
    })
    connection.addEventListener('close', () => this.#watched.delete(muxer), { once: true })
    // the window of a stream grows by the round trip, which is not known otherwise
    queueMicrotask(() => void this.#ask(watched))
    return muxer
  }

  #look(): void {
    const before = performance.now() - this.#period()
    for (const watched of this.#watched.values()) {
      if (watched.heard > before || watched.asked != null) continue
      this.#ask(watched).then(alive => {
        if (!alive) this.#giveUp(watched)
      })
    }
  }

  /** @returns whether anything came in time, the answer or something else */
  #ask(watched: Watched): Promise<boolean> {
    watched.asked ??= this.#answer(watched).finally(() => {
      watched.asked = undefined
    })
    return watched.asked
  }

  async #answer(watched: Watched): Promise<boolean> {
    const asked = performance.now()
    const over = Promise.withResolvers<void>()
    // what came while this process was held up is read before it counts as not there
    const timer = setTimeout(() => setImmediate(over.resolve), this.#patience)
    // not given up by a signal: an answer that comes later would be one that nobody asked for, which ends the connection
    const answered = watched.muxer.ping().catch(() => {})
    await Promise.race([answered, over.promise])
    clearTimeout(timer)
    return watched.heard > asked
  }

  /** Not in the turn in which others may begin streams on it, see `hang-up.ts`. */
  #giveUp({ muxer, connection }: Watched): void {
    setImmediate(() => {
      if (connection.status !== 'open') return
      muxer.abort(silent())
      connection.abort(silent())
    })
  }

  readonly #onChange = (): void => this.#beat.start()
}

const silent = () => new BakError('timeout', 'the connection has fallen silent')
