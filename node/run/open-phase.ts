/**
 * One phase while it is open: repeats the command until it is over, counts the answers, knows which members cannot answer any more,
 * and closes when the rule of the quorum says so.
 */

import { MAX_TIMER_MS } from '../../protocols/duration.ts'
import type { Signed } from '../../protocols/envelope.ts'
import type { ErrorCode } from '../../protocols/errors.ts'
import { type Ack, type Command, strayFields } from '../../protocols/phase.ts'
import { judge } from './quorum.ts'

/** The command is published again after these times, ms; the last one for ever. The first is longer where answers take longer. */
const REPEATS_MS = [250, 500, 1_000, 2_000] as const

/** Once it is certain that a run cannot begin, others that refuse it have this time to say so, ms: a person wants to know all of them. */
const REFUSALS_MS = 500

export interface OpenPhaseInit {
  command: Command
  /** Peers whose answers count, with their names. */
  asked: Map<string, string>
  needed: number
  /** Waits for everyone who can still answer. */
  cleanup: boolean
  /** The answers that are needed end it. */
  first?: boolean
  /** For this long after the command a peer that cannot be reached may return, ms. */
  grace: number
  /** @returns for how long after it was lost a peer may do so, ms; not at all where this is left out */
  mayReturnFor?(peer: string): number
  /** False if this peer is the only addressee: what it tells itself is not lost. */
  repeat: boolean
  /** No peer prolongs its deadline beyond this time after the command, ms. */
  limit?: number
  /** Time before which no answer can be expected, ms: the first repeat waits for so much longer. */
  patience: number
  /** @param waiting peers without an answer */
  publish(command: Command, waiting: string[]): void
  isHere(peer: string): boolean
  onAnswer(ack: Signed<Ack>, after: number): void
}

export interface Closed {
  verdict: 'met' | 'failed'
  acks: Signed<Ack>[]
  /** Peers that were asked and did not answer `ok`. */
  missing: Array<{ peer: string; name: string; code: ErrorCode; reason: string }>
  /** ms */
  took: number
}

export class OpenPhase {
  readonly #init: OpenPhaseInit
  readonly #acks = new Map<string, Signed<Ack>>()
  /** Peers whose answers are false, and why. */
  readonly #rejected = new Map<string, { code: ErrorCode; reason: string }>()
  /** Peers that cannot be reached and may return. */
  readonly #away = new Map<string, NodeJS.Timeout>()
  /** Peers that cannot be reached, did not return in time, and have not answered. */
  readonly #lost = new Set<string>()
  /** Peers whose deadline has passed without an answer, others of #lost. */
  readonly #late = new Set<string>()
  /** Deadlines of peers that prolonged theirs. */
  readonly #prolonged = new Map<string, NodeJS.Timeout>()
  /** Why a peer does not prolong its deadline although it sends. */
  readonly #faults = new Map<string, string>()
  #ok = 0
  readonly #closed = Promise.withResolvers<Closed>()
  readonly #opened = performance.now()
  #attempt = 0
  /** On the monotonic clock, ms. */
  #published = 0
  #repeat: NodeJS.Timeout | undefined
  #deadline: NodeJS.Timeout | undefined
  /** For its limit, and for its grace. */
  #once: NodeJS.Timeout[] = []
  /** Runs while others may refuse, too. */
  #refusals: NodeJS.Timeout | undefined
  #over = false
  #givenUp = false
  /** The deadline of those that have not prolonged theirs has passed. */
  #passed = false
  /** Set by the timer, not read from the clock: a timer may fire a little early. */
  #graceIsOver: boolean

  constructor(init: OpenPhaseInit) {
    this.#init = init
    this.#graceIsOver = init.grace <= 0
  }

  get command(): Command {
    return this.#init.command
  }

  asks(peer: string): boolean {
    return this.#init.asked.has(peer)
  }

  /** Whether the peer is asked and has not answered. */
  waitsFor(peer: string): boolean {
    return this.asks(peer) && !this.#acks.has(peer) && !this.#rejected.has(peer)
  }

  /** Publishes and waits until the phase is over. */
  run(): Promise<Closed> {
    this.#publish()
    this.touch()
    const { limit, grace } = this.#init
    if (limit != null) this.#once.push(setTimeout(() => this.#end(limit), Math.min(limit, MAX_TIMER_MS)))
    const onGraceOver = () => {
      this.#graceIsOver = true
      this.checkReachable()
    }
    this.#once.push(setTimeout(onGraceOver, grace))
    this.#judge(false)
    return this.#closed.promise
  }

  /** Starts the deadline of all anew. */
  touch(deadline = this.#init.command.deadline): void {
    clearTimeout(this.#deadline)
    if (deadline > 0 && !this.#over)
      this.#deadline = setTimeout(() => this.#onDeadline(), Math.min(deadline, MAX_TIMER_MS))
  }

  /** Starts the deadline of one peer anew, which is on its way to an answer; that of no other. */
  prolong(peer: string): void {
    const { deadline } = this.#init.command
    if (deadline <= 0 || this.#over || !this.waitsFor(peer) || this.#late.has(peer)) return
    clearTimeout(this.#prolonged.get(peer))
    this.#faults.delete(peer)
    const timer = setTimeout(() => this.#onLate([peer]), Math.min(deadline, MAX_TIMER_MS))
    this.#prolonged.set(peer, timer)
  }

  /** @param why the peer does not prolong its deadline: the reason where it passes */
  blame(peer: string, why: string): void {
    if (!this.#over && this.waitsFor(peer)) this.#faults.set(peer, why)
  }

  #onDeadline(): void {
    this.#passed = true
    this.#onLate([...this.#init.asked.keys()].filter(peer => !this.#prolonged.has(peer)))
  }

  /** The limit of the phase has passed. */
  #end(limit: number): void {
    for (const peer of [...this.#init.asked.keys()].filter(each => !this.#late.has(each)))
      this.blame(
        peer,
        `it had not ${this.#init.command.phase === 'stage' ? 'fetched' : 'sent'} all after ${limit / 1000} s, the ${
          this.#init.command.phase === 'stage' ? 'stage_limit' : 'send_limit'
        } of the policy`
      )
    this.#judge(true)
  }

  #onLate(peers: string[]): void {
    for (const peer of peers) {
      this.#prolonged.delete(peer)
      if (this.waitsFor(peer) && !this.#lost.has(peer)) this.#late.add(peer)
    }
    this.#judge(this.#prolonged.size === 0)
  }

  /** @returns why the answer does not count */
  answer(ack: Signed<Ack>): { code: ErrorCode; reason: string } | undefined {
    const { command } = this.#init
    const { value, by } = ack
    // answers stand in the certificate: one for something else would make it false
    const [stray] = strayFields(value, command)
    if (stray === 'subject') return { code: 'wrong-manifest', reason: 'the answer is about another manifest' }
    if (stray != null) return { code: 'phase-closed', reason: `phase ${value.seq} is not open` }
    // a second answer changes nothing
    if (!this.waitsFor(by)) return undefined
    this.#acks.set(by, ack)
    this.#forget(by)
    if (value.outcome === 'ok') this.#ok++
    this.#init.onAnswer(ack, this.age)
    this.#judge(false)
    return undefined
  }

  /** Whether it is the answer that is waited for. */
  expects({ by, value }: Signed<Ack>): boolean {
    return this.waitsFor(by) && strayFields(value, this.#init.command).length === 0
  }

  /** The peer's answer is false: it does not count, and none is waited for. @returns why */
  reject(peer: string, code: ErrorCode, reason: string): { code: ErrorCode; reason: string } {
    this.#rejected.set(peer, { code, reason })
    this.#forget(peer)
    this.#judge(false)
    return { code, reason }
  }

  #forget(peer: string): void {
    this.#lost.delete(peer)
    this.#late.delete(peer)
    for (const timers of [this.#prolonged, this.#away]) {
      clearTimeout(timers.get(peer))
      timers.delete(peer)
    }
  }

  /** A peer that did not get the command may get it now: it is published again, for all without an answer. */
  republish(peer: string): void {
    if (this.#over || !this.waitsFor(peer) || performance.now() - this.#published < REPEATS_MS[0]) return
    clearTimeout(this.#repeat)
    this.#publish()
  }

  /** ms since the command. */
  get age(): number {
    return performance.now() - this.#opened
  }

  /** Finds the peers that cannot be reached now, once their grace is over. */
  checkReachable(): void {
    if (!this.#graceIsOver) return
    for (const peer of this.#init.asked.keys()) {
      if (this.#init.isHere(peer)) this.#onBack(peer)
      else if (this.waitsFor(peer) && !this.#late.has(peer)) this.#onAway(peer)
    }
    this.#judge(false)
  }

  #onAway(peer: string): void {
    const patience = this.#init.mayReturnFor?.(peer) ?? 0
    if (patience === 0) this.#lost.add(peer)
    if (this.#lost.has(peer) || this.#away.has(peer)) return
    const lose = () => {
      this.#lost.add(peer)
      this.#judge(false)
    }
    this.#away.set(peer, setTimeout(lose, Math.min(patience, MAX_TIMER_MS)))
  }

  #onBack(peer: string): void {
    clearTimeout(this.#away.get(peer))
    this.#away.delete(peer)
    if (this.#lost.delete(peer) && this.#passed && !this.#prolonged.has(peer)) this.#late.add(peer)
  }

  /** Ends it now, with the answers that are there; members without one are not at fault. */
  close(): void {
    this.#givenUp = true
    this.#judge(true)
  }

  #publish(): void {
    const { command, asked, repeat, publish } = this.#init
    const waiting = [...asked.keys()].filter(peer => this.waitsFor(peer))
    this.#published = performance.now()
    publish({ ...command, attempt: this.#attempt }, waiting)
    if (repeat) this.#repeat = setTimeout(() => this.#publish(), this.#wait)
    this.#attempt++
  }

  /** From this attempt to the next, ms. */
  get #wait(): number {
    const patience = this.#attempt === 0 ? this.#init.patience : 0
    return patience + (REPEATS_MS[Math.min(this.#attempt, REPEATS_MS.length - 1)] as number)
  }

  #judge(deadlinePassed: boolean): void {
    if (this.#over) return
    const { needed, cleanup, first, asked } = this.#init
    const waiting = asked.size - this.#acks.size - this.#lost.size - this.#late.size - this.#rejected.size
    const verdict = judge({ needed, ok: this.#ok, waiting, deadlinePassed, cleanup, first })
    if (verdict === 'open') return
    if (verdict === 'failed' && !deadlinePassed && waiting > 0 && this.#init.command.phase === 'join') {
      this.#refusals ??= setTimeout(() => this.close(), REFUSALS_MS)
      return
    }
    this.#over = true
    const ofPeers = [...this.#prolonged.values(), ...this.#away.values()]
    for (const timer of [this.#repeat, this.#deadline, this.#refusals, ...this.#once, ...ofPeers]) clearTimeout(timer)
    const late = deadlinePassed && !this.#givenUp
    this.#closed.resolve({ verdict, acks: [...this.#acks.values()], missing: this.#missing(late), took: this.age })
  }

  /** @param late the deadline has passed: members without an answer are missing, too */
  #missing(late: boolean): Closed['missing'] {
    return [...this.#init.asked].flatMap(([peer, name]) => {
      const ack = this.#acks.get(peer)?.value
      if (ack?.outcome === 'ok') return []
      if (ack != null) return [{ peer, name, code: ack.code ?? 'tool-failed', reason: ack.reason ?? ack.outcome }]
      const rejected = this.#rejected.get(peer)
      if (rejected != null) return [{ peer, name, ...rejected }]
      if (this.#lost.has(peer))
        return [{ peer, name, code: 'lost' as const, reason: 'it could not be reached any more' }]
      if (!late && !this.#late.has(peer)) return []
      const reason = this.#faults.get(peer) ?? `it did not answer within ${Math.round(this.age / 100) / 10} s`
      return [{ peer, name, code: 'timeout' as const, reason }]
    })
  }
}
