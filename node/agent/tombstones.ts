/**
 * Answers for runs that are over on this member while their controllers still ask: a controller that was silent for too long, or
 * that did not get the last answer. Without these answers each phase would wait for this member until its deadline.
 */
import { type Envelope, type Signer, seal } from '../../protocols/envelope.ts'
import { asBakError } from '../../protocols/errors.ts'
import { judgeLead, type Lead } from '../../protocols/lead.ts'
import { ackSubject, type Command } from '../../protocols/phase.ts'
import { runStreamProtocol } from '../../protocols/run-stream.ts'
import { callWith, type Opener } from '../../protocols/stream.ts'
import { BoundedMap } from '../bounded-map.ts'
import type { Log } from '../log.ts'
import { now } from '../now.ts'
import type { MemberState } from './member-state.ts'

/** Runs that are kept; the oldest goes first. */
const MAX_RUNS = 64
const ANSWER_TIMEOUT_MS = 10_000
/** A command is repeated until its phase is over; its answer is not sent again more often than this, ms. */
const REPEAT_INTERVAL_MS = 3_000

interface EndedRun {
  lead: Lead
  seq: number
  ack?: Envelope
  /** When the answer was sent, on the monotonic clock, ms. */
  answered: number
}

export class Tombstones {
  readonly #runs = new BoundedMap<string, EndedRun>(MAX_RUNS)
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
  add({ run, lead, seq, ack }: Pick<MemberState, 'run' | 'lead' | 'seq' | 'ack'>): void {
    this.#runs.set(run, { lead, seq, ack, answered: this.#clock() })
  }

  /** Whether the run is over here: a `join` that arrives late does not start it again. */
  has(run: string): boolean {
    return this.#runs.has(run)
  }

  /** Answers its last command as before, a later one with a refusal, and an older one not at all. */
  handle(command: Command, by: string): void {
    const { run, epoch, seq, phase, subject, to } = command
    const known = this.#runs.get(run)
    if (known == null || judgeLead(known.lead, { by, epoch }) !== 'current' || seq < known.seq) return
    if (to != null && !to.includes(this.#signer.peer)) return
    const clock = this.#clock()
    if (seq === known.seq && clock - known.answered < REPEAT_INTERVAL_MS) return
    known.answered = clock
    if (seq > known.seq) {
      const at = now()
      const about = { run, epoch, seq, phase, subject, received: at, done: at }
      const reason = 'the run is over on this member'
      known.seq = seq
      known.ack = seal(ackSubject, { ...about, outcome: 'refused', code: 'state', reason }, this.#signer)
    }
    if (known.ack == null) return
    answerOnce(this.#to(by), run, known.ack).catch(cause =>
      this.#log.debug('a late answer did not arrive', { run, why: asBakError(cause).message })
    )
  }
}

/** Sends one answer on a stream of its own. */
export function answerOnce(open: Opener, run: string, ack: Envelope): Promise<void> {
  return callWith(
    open,
    runStreamProtocol,
    { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) },
    async ({ send, receive }) => {
      await send({ type: 'open', run })
      await send({ type: 'acks', sealed: [ack] })
      // it has arrived when the controller answers
      await receive()
    }
  )
}
