/**
 * The controller's end of its members' streams: acknowledgements come in; commands, signs of life and refusals go out; and who
 * asks for the time gets it, stamped as soon as the question is heard and as late as the answer can be. The head of a branch has
 * such an end, too, for those below it.
 */
import { open, type Signed } from '../../protocols/envelope.ts'
import { asBakError, BakError, type ErrorCode } from '../../protocols/errors.ts'
import {
  type Ack,
  type Answers,
  ackSubject,
  acksProtocol,
  type FromController,
  type FromMember
} from '../../protocols/phase.ts'
import { Queue } from '../../protocols/queue.ts'
import type { Exchange } from '../../protocols/stream.ts'
import { now } from '../clock/clock.ts'
import type { Log } from '../log.ts'
import type { Streams } from '../mesh/streams.ts'

export interface Refusal {
  code: ErrorCode
  reason: string
}

/** What one run lets in. */
export interface Door {
  /** Whether the peer may answer in this run at all. */
  admits(peer: string): boolean
  /** How often members hear that the controller is there, ms. */
  pulse: number
  onOpen(peer: string): void
  /** All that the peer said over its line has been heard. */
  onClose(peer: string): void
  /** Whether a peer is head of the branch that another is in, and may bring its answers. */
  speaksFor(peer: string, member: string): boolean
  /** @returns why the acknowledgement does not count */
  onAck(ack: Signed<Ack>): Refusal | undefined
  /** Answers that a head gathered, unread. @returns why they do not count */
  onAnswers(peer: string, answers: Answers): Refusal | undefined
}

export class Inbox {
  readonly #streams: Streams
  readonly #log: Log
  readonly #doors = new Map<string, Door>()
  /** By run and member: a newer line of a member ends its older one. */
  readonly #lines = new Map<string, Map<string, Queue<FromController>>>()

  constructor(components: { streams: Streams }, init: { log: Log }) {
    this.#streams = components.streams
    this.#log = init.log.with({}, 'inbox')
  }

  async start(): Promise<void> {
    await this.#streams.serve(acksProtocol, (first, exchange) => this.#serve(first, exchange))
  }

  async stop(): Promise<void> {
    await this.#streams.unserve(acksProtocol)
  }

  open(run: string, door: Door): void {
    this.#doors.set(run, door)
  }

  /** Ends the lines of a run: a member that was away asks again, and hears that the run is over. */
  close(run: string): void {
    this.#doors.delete(run)
    for (const line of this.#lines.get(run)?.values() ?? []) line.end()
    this.#lines.delete(run)
  }

  /** @returns those of the peers whose line is open and takes it */
  tell(run: string, peers: Iterable<string>, message: FromController): string[] {
    const lines = this.#lines.get(run)
    return [...peers].filter(peer => lines?.get(peer)?.offer(message))
  }

  /** @returns whether a peer's line is open, or what it said last is still to be heard */
  isOpen(run: string, peer: string): boolean {
    return this.#lines.get(run)?.has(peer) ?? false
  }

  async *#serve(first: FromMember, { peer, receive, signal }: Exchange<FromMember>): AsyncGenerator<FromController> {
    if (first.type !== 'open') throw new BakError('bad-message', 'a member says first which run it means')
    const door = this.#doors.get(first.run)
    if (door == null) throw new BakError('no-such-run', `run ${first.run} is not driven from here, or is over`)
    if (!door.admits(peer)) throw new BakError('not-on-roster', `${peer} is not on the roster of ${first.run}`)
    const out = new Queue<FromController>()
    const lines = this.#lines.get(first.run) ?? new Map<string, Queue<FromController>>()
    lines.get(peer)?.end()
    this.#lines.set(first.run, lines.set(peer, out))
    const pulse = setInterval(() => void out.put({ type: 'lease' }).catch(() => {}), door.pulse)
    signal.addEventListener('abort', () => out.end(), { once: true })
    // a line breaks whenever it likes, also while the member takes nothing and nobody waits for this
    this.#read(first.run, door, peer, receive, out)
      .catch(error => this.#log.debug('line broke', { run: first.run, peer, why: error.message }))
      .finally(() => out.end())
    try {
      yield { type: 'lease' }
      door.onOpen(peer)
      for (let next = await out.take(); next !== undefined; next = await out.take()) {
        yield next.type === 'time' ? { ...next, answered: now() } : next
      }
    } finally {
      clearInterval(pulse)
      out.end()
      if (lines.get(peer) === out) {
        lines.delete(peer)
        door.onClose(peer)
      }
    }
  }

  async #read(
    run: string,
    door: Door,
    peer: string,
    receive: () => Promise<FromMember | undefined>,
    out: Queue<FromController>
  ): Promise<void> {
    for (let next = await receive(); next !== undefined; next = await receive()) {
      const heard = now()
      if (next.type === 'time') await out.put({ ...next, heard, answered: heard })
      if (next.type === 'open' || next.type === 'time') continue
      const refusal = next.type === 'ack' ? this.#judge(door, peer, next) : gathered(door, peer, next)
      if (refusal == null) continue
      const { seq, code, reason } = refusal
      this.#log.refused('acknowledgement refused', { run, from: peer, code, why: reason })
      await out.put({ type: 'refused', seq, code, reason })
    }
  }

  #judge(door: Door, peer: string, { sealed }: Extract<FromMember, { type: 'ack' }>) {
    try {
      const ack = open(ackSubject, sealed)
      if (ack.by !== peer && !door.speaksFor(peer, ack.by))
        return { seq: ack.value.seq, code: 'not-allowed' as const, reason: `${peer} answers for ${ack.by}` }
      const refusal = door.onAck(ack)
      return refusal == null ? undefined : { seq: ack.value.seq, ...refusal }
    } catch (cause) {
      const { code, message } = asBakError(cause)
      return { seq: 0, code, reason: message }
    }
  }
}

function gathered(door: Door, peer: string, answers: Answers) {
  const refusal = door.onAnswers(peer, answers)
  return refusal == null ? undefined : { seq: answers.seq, ...refusal }
}
