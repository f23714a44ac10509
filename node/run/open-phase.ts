/**
 * One phase while it is open: repeats the command until it is over, counts the answers, knows who cannot answer any more,
 * and closes when the quorum's rule says so.
 */
import type { Signed } from '../../protocols/envelope.ts'
import type { ErrorCode } from '../../protocols/errors.ts'
import type { Ack, Command } from '../../protocols/phase.ts'
import type { Refusal } from '../channels/run-stream-server.ts'
import { judge } from './quorum.ts'

/** The command is published again after these times, ms; the last one for ever. */
const REPEATS = [250, 500, 1_000, 2_000]
/**
 * The attempt, after 1.75 s, from which on all who have not answered are told over all lines: a line may be open to a peer that
 * stands still, or that knew too little when it heard. With it the whole mesh hears of a phase that goes on, whoever is asked.
 */
export const TOLD_AGAIN = 3

export interface OpenPhaseInit {
  command: Command
  /** Peers whose answers count, with their names. */
  asked: Map<string, string>
  needed: number
  /** Waits for everyone who can still answer. */
  cleanup: boolean
  /** For this long after the command a peer that cannot be reached may still come back, ms. */
  grace: number
  /** Off where only this peer itself is asked: a message to oneself is not lost. Others hear of it once all the same. */
  repeat: boolean
  /** @param waiting who has not answered yet */
  publish(command: Command, waiting: string[]): void
  isHere(peer: string): boolean
  onAnswer(ack: Signed<Ack>, after: number): void
}

export interface Closed {
  verdict: 'met' | 'failed'
  /** Those that came by themselves. */
  acks: Signed<Ack>[]
  /** Those that heads of branches gathered, all of them ok. */
  bundles: Uint8Array[]
  /** Answers ok, gathered or not. */
  ok: number
  /** Who was asked and did not answer `ok`. */
  missing: Array<{ peer: string; name: string; code: ErrorCode; reason: string }>
  took: number
}

export class OpenPhase {
  readonly #init: OpenPhaseInit
  readonly #acks = new Map<string, Signed<Ack>>()
  /** Who answered ok by way of a head. */
  readonly #gathered = new Set<string>()
  readonly #bundles: Uint8Array[] = []
  /** Who cannot be reached and has not answered. */
  readonly #lost = new Set<string>()
  #ok = 0
  readonly #closed = Promise.withResolvers<Closed>()
  readonly #opened = performance.now()
  #attempt = 0
  #repeat: NodeJS.Timeout | undefined
  #deadline: NodeJS.Timeout | undefined
  #grace: NodeJS.Timeout | undefined
  #over = false
  #givenUp = false
  /** Said by the timer, not read from the clock: a timer may come a little before its time. */
  #graceIsOver: boolean

  constructor(init: OpenPhaseInit) {
    this.#init = init
    this.#graceIsOver = init.grace <= 0
  }

  get command(): Command {
    return this.#init.command
  }

  /** Peers can be told who could not before, or not the same way: they hear what they missed. */
  tellAgain(peers: string[]): void {
    const waiting = peers.filter(peer => this.#waitsFor(peer))
    if (waiting.length === 0) return
    this.#init.publish({ ...this.#init.command, attempt: Math.max(0, this.#attempt - 1) }, waiting)
  }

  #waitsFor(peer: string): boolean {
    return this.#init.asked.has(peer) && !this.#acks.has(peer) && !this.#gathered.has(peer)
  }

  /** Publishes and waits until the phase is over. */
  run(): Promise<Closed> {
    this.#publish()
    this.touch()
    this.#grace = setTimeout(() => {
      this.#graceIsOver = true
      this.lookAround()
    }, this.#init.grace)
    this.#judge(false)
    return this.#closed.promise
  }

  /** Starts the deadline anew: something moved. */
  touch(deadline = this.#init.command.deadline): void {
    clearTimeout(this.#deadline)
    if (deadline > 0 && !this.#over)
      this.#deadline = setTimeout(() => this.#judge(true), Math.min(deadline, 2 ** 31 - 1))
  }

  /** @returns why the answer does not count */
  answer(ack: Signed<Ack>): Refusal | undefined {
    const { run, epoch, seq, phase, subject } = this.#init.command
    const { value, by } = ack
    if (value.epoch !== epoch) return { code: 'old-epoch', reason: `it is of epoch ${value.epoch}, not ${epoch}` }
    // answers stand in the certificate: one for something else would make it false
    if (value.run !== run || value.seq !== seq || value.phase !== phase) {
      return { code: 'phase-closed', reason: `phase ${value.seq} is not open` }
    }
    if (value.subject !== subject) return { code: 'wrong-manifest', reason: 'the answer is about another manifest' }
    // excluded members may answer terminate; a second answer changes nothing
    if (!this.#waitsFor(by)) return undefined
    this.#acks.set(by, ack)
    this.#lost.delete(by)
    if (value.outcome === 'ok') this.#ok++
    this.#init.onAnswer(ack, this.age)
    this.#judge(false)
    return undefined
  }

  /**
   * Counts answers ok that nobody has opened yet.
   * @returns whether it did: not if one of them counts already, or is not asked for
   */
  count(peers: string[], sealed: Uint8Array): boolean {
    if (this.#over || new Set(peers).size < peers.length || !peers.every(peer => this.#waitsFor(peer))) return false
    for (const peer of peers) {
      this.#gathered.add(peer)
      this.#lost.delete(peer)
    }
    this.#bundles.push(sealed)
    this.#ok += peers.length
    this.#judge(false)
    return true
  }

  /** ms since the command. */
  get age(): number {
    return performance.now() - this.#opened
  }

  /** Sees who cannot be reached now, once their grace is over. */
  lookAround(): void {
    if (!this.#graceIsOver) return
    for (const peer of this.#init.asked.keys()) {
      if (this.#init.isHere(peer)) this.#lost.delete(peer)
      else if (this.#waitsFor(peer)) this.#lost.add(peer)
    }
    this.#judge(false)
  }

  /** Ends it now, with the answers that are there; who has not answered yet has done nothing wrong. */
  close(): void {
    this.#givenUp = true
    this.#judge(true)
  }

  #publish(): void {
    const { command, asked, repeat, publish } = this.#init
    const waiting = [...asked.keys()].filter(peer => this.#waitsFor(peer))
    publish({ ...command, attempt: this.#attempt }, waiting)
    const wait = REPEATS[Math.min(this.#attempt, REPEATS.length - 1)]
    this.#attempt++
    if (repeat || this.#attempt <= TOLD_AGAIN) this.#repeat = setTimeout(() => this.#publish(), wait)
  }

  #judge(deadlinePassed: boolean): void {
    if (this.#over) return
    const { needed, cleanup, asked } = this.#init
    const waiting = asked.size - this.#acks.size - this.#gathered.size - this.#lost.size
    const verdict = judge({ needed, ok: this.#ok, waiting, deadlinePassed, cleanup })
    if (verdict === 'open') return
    this.#over = true
    for (const timer of [this.#repeat, this.#deadline, this.#grace]) clearTimeout(timer)
    const late = deadlinePassed && !this.#givenUp
    this.#closed.resolve({
      ...{ verdict, ok: this.#ok, acks: [...this.#acks.values()], bundles: this.#bundles },
      ...{ missing: this.#missing(late), took: this.age }
    })
  }

  /** @param late the deadline has passed: who has not answered is missing, too */
  #missing(late: boolean): Closed['missing'] {
    return [...this.#init.asked].flatMap(([peer, name]) => {
      const ack = this.#acks.get(peer)?.value
      if (ack?.outcome === 'ok' || this.#gathered.has(peer)) return []
      if (ack != null) return [{ peer, name, code: ack.code ?? 'tool-failed', reason: ack.reason ?? ack.outcome }]
      if (this.#lost.has(peer))
        return [{ peer, name, code: 'lost' as const, reason: 'it could not be reached any more' }]
      return !late
        ? []
        : [{ peer, name, code: 'timeout' as const, reason: `it did not answer within ${this.#seconds()} s` }]
    })
  }

  #seconds(): number {
    return Math.round(this.age / 100) / 10
  }
}
