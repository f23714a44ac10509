/**
 * Answers for runs that are over on this member while their controllers still ask: a controller that was silent for too long, or
 * that did not get the last answer. Without it each phase would wait for this member to its deadline.
 */
import { type Envelope, type Signer, seal } from '../../protocols/envelope.ts'
import { asBakError } from '../../protocols/errors.ts'
import { ackSubject, acksProtocol, type Command } from '../../protocols/phase.ts'
import { call, type Opener } from '../../protocols/stream.ts'
import { now } from '../clock/clock.ts'
import type { Log } from '../log.ts'
import type { MemberState } from './member-state.ts'

/** Runs that are remembered; the oldest goes first. */
const MAX_RUNS = 64
const PATIENCE = 10_000
/** A command is repeated until its phase is over; the answer to it is not given again more often than this, ms. */
const AGAIN = 3_000

interface Over {
  controller: string
  epoch: number
  seq: number
  ack?: Envelope
  /** When it was given, on a clock that never goes back, ms. */
  given: number
}

export class Tombstones {
  readonly #over = new Map<string, Over>()
  readonly #signer: Signer
  readonly #to: (peer: string) => Opener
  readonly #log: Log
  readonly #clock: () => number

  constructor(signer: Signer, to: (peer: string) => Opener, log: Log, clock = () => performance.now()) {
    this.#signer = signer
    this.#to = to
    this.#log = log
    this.#clock = clock
  }

  /** Nothing of the run is left here. */
  remember({ run, controller, epoch, seq, ack }: MemberState): void {
    this.#over.set(run, { controller, epoch, seq, ack, given: this.#clock() })
    if (this.#over.size > MAX_RUNS) this.#over.delete(this.#over.keys().next().value as string)
  }

  /** Whether the run is over here: it is not joined again, whenever its first command comes. */
  has(run: string): boolean {
    return this.#over.has(run)
  }

  /** Gives the last answer again to its command, and to a later one that the run is over; to all others nothing. */
  hear(command: Command, by: string): void {
    const { run, epoch, seq, phase, subject, to } = command
    const known = this.#over.get(run)
    if (known == null || known.controller !== by || known.epoch !== epoch || seq < known.seq) return
    if (to != null && !to.includes(this.#signer.peer)) return
    const clock = this.#clock()
    if (seq === known.seq && clock - known.given < AGAIN) return
    known.given = clock
    if (seq > known.seq) {
      const at = now()
      const about = { run, epoch, seq, phase, subject, received: at, done: at }
      const reason = 'the run is over on this member'
      known.seq = seq
      known.ack = seal(ackSubject, { ...about, outcome: 'refused', code: 'state', reason }, this.#signer)
    }
    if (known.ack == null) return
    sayOnce(this.#to(by), run, known.ack).catch(cause =>
      this.#log.debug('a late answer did not arrive', { run, why: asBakError(cause).message })
    )
  }
}

/** Brings one answer on a stream of its own. */
export async function sayOnce(open: Opener, run: string, ack: Envelope): Promise<void> {
  const stream = await call(open, acksProtocol, { signal: AbortSignal.timeout(PATIENCE) })
  try {
    await stream.send({ type: 'open', run })
    await stream.send({ type: 'ack', sealed: ack })
    // it is there when the controller speaks
    await stream.receive()
    await stream.close()
  } catch (cause) {
    stream.abort(cause as Error)
    throw cause
  }
}
