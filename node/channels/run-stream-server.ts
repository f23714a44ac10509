/**
 * The controller's end of its members' run streams: acknowledgements come in; signs that it is alive, contents, certificates,
 * refusals, clock answers and answers to calls go out. An aggregator has such an end, too, for the members directly below it.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { CallMessage } from '../../protocols/calls.ts'
import type { Envelope } from '../../protocols/envelope.ts'
import { BakError, type ErrorCode } from '../../protocols/errors.ts'
import { Queue } from '../../protocols/queue.ts'
import { type FromController, type FromMember, runStreamProtocol } from '../../protocols/run-stream.ts'
import type { Missing } from '../../protocols/shortfall.ts'
import type { Exchange } from '../../protocols/stream.ts'
import type { WorkState } from '../../protocols/work-state.ts'
import type { Log } from '../log.ts'
import type { Streams } from '../mesh/streams.ts'
import { now } from '../now.ts'
import { Part } from '../part.ts'
import { onAbort } from '../wait.ts'

export interface Refusal {
  /** The member whose acknowledgement it was. */
  by: string
  /** Number of the phase that the acknowledgement was for; 0 where it cannot be read. */
  seq: number
  code: ErrorCode
  reason: string
}

/** What one run accepts. */
export interface RunStreamHandlers {
  /** Whether the peer may open a stream in this run. */
  admits(peer: string): boolean
  /** How often members get a sign that the controller is alive, ms. */
  leaseIntervalMs: number
  /** The clock that questions are answered with, ms; this machine's where it is left out. */
  now?(): number
  /** What a stream gets as soon as it opens. */
  greeting?(): FromController[]
  onOpen?(peer: string): void
  /** All that the peer sent over its stream has been handled. */
  onClose?(peer: string): void
  /** A tool of the member ended while the workload runs. */
  onMissing?(peer: string, missing: Missing): void
  /** A member is so far with what is staged, bytes. */
  onStaging?(peer: string, done: number, total: number): void
  /** A workload of the member was started, is ready or has ended. */
  onWork?(peer: string, state: WorkState): void
  /** @returns the acknowledgements that do not count, and why */
  onAcks(peer: string, acks: Envelope[]): Refusal[] | void
}

/** Acknowledgements that are handled before other work has its turn: verifying them takes some 5 ms. */
const ACKS_PER_TURN = 16

export class RunStreamServer extends Part<{ streams: Streams }, { log: Log }> {
  readonly #streams = this.components.streams
  readonly #log = this.init.log.with({}, 'run-stream')
  readonly #runs = new Map<string, RunStreamHandlers>()
  /** By run and member: a newer stream of a member ends its older one. */
  readonly #open = new Map<string, Map<string, Queue<FromController>>>()
  /** By run: who answers the calls of its workloads. */
  readonly #calls = new Map<string, (peer: string, message: CallMessage) => void>()

  async start(): Promise<void> {
    await this.#streams.serve(runStreamProtocol, (first, exchange) => this.#serve(first, exchange))
  }

  open(run: string, handlers: RunStreamHandlers): void {
    this.#runs.set(run, handlers)
  }

  /** Ends the streams of a run: a member that was away opens one again, and is told that the run is over. */
  close(run: string): void {
    this.#runs.delete(run)
    for (const stream of this.#open.get(run)?.values() ?? []) stream.end()
    this.#open.delete(run)
    this.#calls.delete(run)
  }

  /** From now on calls of the workloads of a run are given to `handler`. */
  serveCalls(run: string, handler: (peer: string, message: CallMessage) => void): void {
    this.#calls.set(run, handler)
  }

  /** Waits until a peer's stream has room for the message. @returns false if there is no stream */
  async deliver(run: string, peer: string, message: FromController): Promise<boolean> {
    const stream = this.#open.get(run)?.get(peer)
    if (stream == null) return false
    return stream.put(message).then(
      () => true,
      () => false
    )
  }

  /** @returns those of the peers whose stream is open and has room for the message */
  send(run: string, peers: Iterable<string>, message: FromController): string[] {
    const streams = this.#open.get(run)
    return [...peers].filter(peer => streams?.get(peer)?.offer(message))
  }

  /** @returns whether a peer's stream is open, or something that it sent is still to be handled */
  isOpen(run: string, peer: string): boolean {
    return this.#open.get(run)?.has(peer) ?? false
  }

  async *#serve(first: FromMember, { peer, receive, signal }: Exchange<FromMember>): AsyncGenerator<FromController> {
    if (first.type !== 'open') throw new BakError('bad-message', 'the first message of a run stream names the run')
    const { run } = first
    const handlers = this.#runs.get(run)
    if (handlers == null) throw new BakError('no-such-run', `run ${run} is not driven from here, or is over`)
    if (!handlers.admits(peer)) throw new BakError('not-on-roster', `${peer} is not on the roster of ${run}`)
    const out = new Queue<FromController>()
    const streams = this.#open.get(run) ?? new Map<string, Queue<FromController>>()
    streams.get(peer)?.end()
    this.#open.set(run, streams.set(peer, out))
    const lease = setInterval(() => void out.put({ type: 'lease' }).catch(() => {}), handlers.leaseIntervalMs)
    onAbort(signal, () => out.end())
    // a stream may break at any time, also while the member reads nothing and this generator does not run
    this.#read(run, handlers, peer, receive, out)
      .catch(error => this.#log.debug('run stream broke', { run, peer, why: error.message }))
      .finally(() => out.end())
    try {
      yield { type: 'lease' }
      yield* handlers.greeting?.() ?? []
      handlers.onOpen?.(peer)
      for (let next = await out.take(); next !== undefined; next = await out.take()) {
        yield next.type === 'time' ? { ...next, answered: handlers.now?.() ?? now() } : next
      }
    } finally {
      clearInterval(lease)
      out.end()
      if (streams.get(peer) === out) {
        streams.delete(peer)
        handlers.onClose?.(peer)
      }
    }
  }

  #take(run: string, peer: string, message: CallMessage, out: Queue<FromController>): void {
    const handler = this.#calls.get(run)
    if (handler != null) return handler(peer, message)
    if (message.type !== 'call') return
    const { session, id } = message
    const answer = { status: 69 as const, reason: 'no workload of this run is expected to call' }
    void out.put({ type: 'answers', session, answers: [{ id, answer }] }).catch(() => {})
  }

  async #read(
    run: string,
    handlers: RunStreamHandlers,
    peer: string,
    receive: () => Promise<FromMember | undefined>,
    out: Queue<FromController>
  ): Promise<void> {
    for (let next = await receive(); next !== undefined; next = await receive()) {
      if (next.type === 'time') {
        const heard = handlers.now?.() ?? now()
        await out.put({ ...next, heard, answered: heard })
      }
      if (next.type === 'missing') {
        const { type: _, ...missing } = next
        handlers.onMissing?.(peer, missing)
      }
      if (next.type === 'staging') handlers.onStaging?.(peer, next.done, next.total)
      if (next.type === 'call' || next.type === 'calls') this.#take(run, peer, next, out)
      if (next.type === 'work') {
        const { type: _, ...state } = next
        handlers.onWork?.(peer, state)
      }
      if (next.type !== 'acks') continue
      for (let from = 0; from < next.sealed.length; from += ACKS_PER_TURN) {
        if (from > 0) await nextTurn()
        const refusals = handlers.onAcks(peer, next.sealed.slice(from, from + ACKS_PER_TURN)) ?? []
        for (const refusal of refusals) {
          const { by, code, reason } = refusal
          this.#log.refused('acknowledgement refused', { run, from: peer, code, by, why: reason })
          await out.put({ type: 'refused', ...refusal })
        }
      }
    }
  }
}
