/**
 * The controller's end of its members' load streams: takes what their clients measured, in order and once, and says how much of it was taken.
 * A message is read when the one before has been handled, so a member that is faster than this machine is held back.
 */
import { BakError } from '../../../protocols/errors.ts'
import type { Exchange } from '../../../protocols/stream.ts'
import { type FromLoader, loadStreamProtocol, type ToLoader } from '../../../protocols/tasks/load-stream.ts'
import type { Log } from '../../log.ts'
import { type Rate, TokenBucket } from '../../mesh/limits/token-bucket.ts'
import type { Streams } from '../../mesh/streams.ts'
import { Part } from '../../part.ts'
import { pause } from '../../wait.ts'
import { Intake } from './intake.ts'

/** Of one member: what is beyond waits on its side. Samples count as one each, all else as so many. */
const PACE: Rate = { perSecond: 400_000, burst: 2_000_000 }
const COST_OF_MESSAGE = 1_000
/** ms */
const WAIT = 20

export type LoadMessage = Exclude<FromLoader, { type: 'open' }>

/** What one run accepts. */
export interface LoadHandlers {
  /** Whether the peer has clients of tasks of this run, and still takes part. */
  admits(peer: string): boolean
  /** Each numbered message once, in the order of its member. @throws {BakError} where it cannot be counted: it never will be */
  take(peer: string, message: LoadMessage): void
  /** What a member sent cannot be counted. */
  onUnreadable(peer: string, why: BakError): void
}

interface Loader {
  intake: Intake
  pace: TokenBucket
  /** Its stream that counts: the newest. */
  stream: symbol
}

export class LoadStreamServer extends Part<{ streams: Pick<Streams, 'serve'> }, { log: Log }> {
  readonly #log = this.init.log.with({}, 'load-stream')
  readonly #runs = new Map<string, { handlers: LoadHandlers; loaders: Map<string, Loader> }>()

  async start(): Promise<void> {
    await this.components.streams.serve(loadStreamProtocol, (first, exchange) => this.#serve(first, exchange))
  }

  /** From now on members of a run may bring what they measure. */
  open(run: string, handlers: LoadHandlers): void {
    this.#runs.set(run, { handlers, loaders: new Map() })
  }

  /** What comes from now on counts for nothing; its streams end with their next message. */
  close(run: string): void {
    this.#runs.delete(run)
  }

  async *#serve(first: FromLoader, exchange: Exchange<FromLoader>): AsyncGenerator<ToLoader> {
    if (first.type !== 'open') throw new BakError('bad-message', 'the first message of a load stream names the run')
    const { peer } = exchange
    const loader = this.#enter(first.run, peer)
    const stream = Symbol()
    loader.stream = stream
    let told = loader.intake.enter(first.session)
    yield { type: 'taken', seq: told }
    for (let next = await exchange.receive(); next !== undefined; next = await exchange.receive()) {
      if (loader.stream !== stream) throw new BakError('interrupted', 'a newer stream has taken its place')
      await this.#hold(loader, next, exchange.signal)
      this.#take(first.run, peer, loader, next)
      if (loader.intake.taken === told) continue
      told = loader.intake.taken
      yield { type: 'taken', seq: told }
    }
  }

  /** @throws {BakError} `no-such-run`, `not-on-roster` */
  #enter(run: string, peer: string): Loader {
    const known = this.#runs.get(run)
    if (known == null) throw new BakError('no-such-run', `run ${run} takes no samples here`)
    if (!known.handlers.admits(peer)) throw new BakError('not-on-roster', `${peer} has no clients in ${run}`)
    const pace = () => new TokenBucket(PACE, performance.now())
    const loader = known.loaders.get(peer) ?? { intake: new Intake(), pace: pace(), stream: Symbol() }
    known.loaders.set(peer, loader)
    return loader
  }

  async #hold({ pace }: Loader, message: FromLoader, signal: AbortSignal): Promise<void> {
    const cost = message.type === 'samples' ? message.samples : COST_OF_MESSAGE
    while (!pace.take(performance.now(), cost)) {
      await pause(WAIT, signal)
      signal.throwIfAborted()
    }
  }

  #take(run: string, peer: string, { intake }: Loader, message: FromLoader): void {
    if (message.type === 'open') throw new BakError('bad-message', 'the stream is open already')
    const { handlers } = this.#runs.get(run) ?? {}
    if (handlers == null) throw new BakError('no-such-run', `run ${run} takes no samples any more`)
    if (!handlers.admits(peer)) throw new BakError('not-on-roster', `${peer} takes no part in ${run} any more`)
    if ('seq' in message && !intake.isNew(message.seq)) return
    try {
      handlers.take(peer, message)
    } catch (cause) {
      const why = cause instanceof BakError ? cause : new BakError('bug', (cause as Error).message, { cause })
      this.#log.refused('samples refused', { run, from: peer, code: why.code, why: why.message })
      handlers.onUnreadable(peer, why)
      throw why
    }
    if ('seq' in message) intake.took(message.seq)
  }
}
