/**
 * A member with others below it in the tree of a large run: it receives their acknowledgements and sends them up with its own, in one
 * batch once all have answered, and otherwise every 100 ms. It checks none of them: each is signed, and the controller verifies it.
 */
import { type Envelope, peek } from '../../protocols/envelope.ts'
import { ackSubject, type Command } from '../../protocols/phase.ts'
import { AckBatches } from './ack-batches.ts'
import type { RunStreamServer } from './run-stream-server.ts'
import { peersIn, type Subtree } from './tree.ts'

/** Longest time that an acknowledgement waits for others, ms. */
const BATCH_DELAY_MS = 100

export interface AggregatorInit {
  run: string
  self: string
  children: Subtree[]
  server: Pick<RunStreamServer, 'open' | 'close'>
  /** How often the members below get a sign that this one is alive, ms. */
  leaseIntervalMs: number
  /** This member's clock, corrected to the controller's, ms. */
  now(): number
  /** Sends to the controller, or to the aggregator above. */
  send(acks: Envelope[], seq: number): void
}

export class Aggregator {
  readonly #init: AggregatorInit
  readonly #below: string[]
  readonly #filter = new AckBatches()
  #command: Command | undefined
  /** Members whose acknowledgement of the open phase is to come. */
  #waiting = new Set<string>()
  /** Members that have answered the next phase, whose command is still to come here. */
  #early = new Set<string>()
  #timer: NodeJS.Timeout | undefined

  constructor(init: AggregatorInit) {
    this.#init = init
    this.#below = init.children.flatMap(peersIn)
  }

  /** Accepts the streams of the members directly below. */
  start(): void {
    const { run, children, server, leaseIntervalMs, now } = this.#init
    const admitted = new Set(children.map(({ root }) => root))
    server.open(run, {
      leaseIntervalMs,
      now,
      admits: peer => admitted.has(peer),
      onAcks: (from, acks) => this.#take(from, acks)
    })
  }

  stop(): void {
    this.#flush()
    this.#init.server.close(this.#init.run)
  }

  /** A phase opens, or is commanded again. */
  open(command: Command): void {
    if (this.#command?.seq === command.seq) return
    this.#flush()
    this.#command = command
    const asked = [this.#init.self, ...this.#below]
    this.#waiting = new Set(asked.filter(peer => !this.#early.has(peer) && (command.to?.includes(peer) ?? true)))
    this.#early.clear()
  }

  /** This member's own acknowledgement. */
  answer(ack: Envelope): void {
    this.#take(this.#init.self, [ack])
  }

  #take(from: string, acks: Envelope[]): void {
    this.#filter.take(from, acks)
    for (const ack of acks) if (!this.#waiting.delete(ack.by) && this.#isEarly(ack)) this.#early.add(ack.by)
    if (this.#waiting.size === 0) this.#flush()
    else this.#timer ??= setTimeout(() => this.#flush(), BATCH_DELAY_MS)
  }

  /** False for a repeated acknowledgement of the open phase. */
  #isEarly(ack: Envelope): boolean {
    try {
      return peek(ackSubject, ack).seq > (this.#command?.seq ?? -1)
    } catch {
      return false
    }
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (const batch of this.#filter.flush()) this.#init.send(batch, this.#command?.seq ?? 0)
  }
}
