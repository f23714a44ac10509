/**
 * Answers that heads of branches gathered, as bundles: they count when they come, and are opened a few at a time while the run
 * goes on. Who passes on what is no answer ends the run by it.
 */
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { open, type Signed } from '../../protocols/envelope.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { type Ack, ackSubject, type Command, strayFields, unbundle } from '../../protocols/phase.ts'

/** Answers that are opened before others have their turn: some 5 ms. */
const AT_ONCE = 16
/** What is gathered first does not hold up the rest; a phase that takes longer shows who has answered, ms. */
const PATIENCE = 100

/** @throws {BakError} `bad-signature`, `bad-message`: what of it is not what it was said to be */
export async function* openBundle(command: Command, peers: string[], sealed: Uint8Array): AsyncGenerator<Signed<Ack>> {
  const envelopes = unbundle(sealed)
  if (envelopes.length !== peers.length) {
    throw new BakError('bad-message', `${envelopes.length} answers are called ${peers.length}`)
  }
  for (const [i, envelope] of envelopes.entries()) {
    if (i % AT_ONCE === 0) await turn()
    const ack = open(ackSubject, envelope)
    if (ack.by !== peers[i] || strayFields(ack.value, command).length > 0 || ack.value.outcome !== 'ok') {
      throw new BakError(
        'bad-message',
        `there is no answer ok of ${peers[i]} to ${command.phase}, number ${command.seq}`
      )
    }
    yield ack
  }
}

export class DeferredVerification {
  readonly #command: Command
  readonly #onAnswer: (ack: Signed<Ack>, after: number) => void
  readonly #opened: Signed<Ack>[] = []
  readonly #closed = new AbortController()
  #tail: Promise<void>
  #size = 0

  constructor(command: Command, onAnswer: (ack: Signed<Ack>, after: number) => void) {
    this.#command = command
    this.#onAnswer = onAnswer
    this.#tail = sleep(PATIENCE, undefined, { signal: this.#closed.signal, ref: false }).catch(() => {})
  }

  get isEmpty(): boolean {
    return this.#size === 0
  }

  /**
   * @param from the head that gathered them
   * @param after ms since the command
   */
  add(from: string, peers: string[], sealed: Uint8Array, after: number): void {
    this.#size++
    this.#tail = this.#tail.then(() => this.#open(from, peers, sealed, after))
    this.#tail.catch(() => {})
  }

  /** The phase is over. @returns all of them, opened. @throws {BakError} who gathered what is no answer */
  async all(): Promise<Signed<Ack>[]> {
    this.#closed.abort()
    await this.#tail
    return this.#opened
  }

  async #open(from: string, peers: string[], sealed: Uint8Array, after: number): Promise<void> {
    try {
      for await (const ack of openBundle(this.#command, peers, sealed)) {
        this.#opened.push(ack)
        this.#onAnswer(ack, after)
      }
    } catch (cause) {
      const { code, message } = asBakError(cause)
      throw new BakError(code, `${from} passed on a false answer: ${message}`, { cause })
    }
  }
}
