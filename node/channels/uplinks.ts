/**
 * The ways that one member has in one run: its line to the controller; in a run with branches one to its head, and those of the
 * members below it. An answer goes back the way its command came.
 */
import type { Envelope, Signed } from '../../protocols/envelope.ts'
import type { Clock } from '../../protocols/manifest.ts'
import type { Ack, Command, FromMember } from '../../protocols/phase.ts'
import type { Opener } from '../../protocols/stream.ts'
import type { MemberState } from '../agent/member-state.ts'
import { Branch, type BranchInit } from './aggregator.ts'
import { RunStreamClient, type RunStreamClientInit, type Told } from './run-stream-client.ts'
import { branchesOf, placeOf } from './tree.ts'

export interface UplinksInit extends Pick<RunStreamClientInit, 'onLease' | 'onTold' | 'onRefused'> {
  member: MemberState
  /** Opens streams to a peer. */
  to(peer: string): Opener
  /** Where those below this member come in, if it is head of a branch. */
  inbox: BranchInit['inbox']
}

export class Uplinks {
  readonly #init: UplinksInit
  readonly #line: RunStreamClient
  #headLine: RunStreamClient | undefined
  #branch: Branch | undefined
  /** Where the latest command came from. */
  #road: RunStreamClient
  /** What is being told over a line just now; what is heard besides came by gossip. */
  #telling: { line: RunStreamClient; sealed: Envelope } | undefined

  constructor(init: UplinksInit) {
    const { member, to, onLease, onRefused } = init
    this.#init = init
    this.#line = new RunStreamClient({
      ...{ run: member.run, open: to(member.controller), onLease, onRefused },
      onTold: message => this.#tell(message, this.#line)
    })
    this.#road = this.#line
  }

  /** Opens the line to the controller. */
  start(): void {
    this.#line.start()
  }

  /** Once the roster is known: whom this member answers, and who answers it. */
  takePlace(): void {
    const { manifest, run, self, controller } = this.#init.member
    if (manifest == null || this.#headLine != null || this.#branch != null) return
    const { roster, spec } = manifest
    const peers = roster.map(({ peer }) => peer).filter(peer => peer !== controller)
    const place = placeOf(self, branchesOf(peers, spec.policy.fanout))
    if (place?.head != null) this.#headLine = this.#lineTo(place.head)
    if (place == null || place.below.length === 0) return
    const { inbox } = this.#init
    const ranks = new Map(roster.map(({ peer, rank }) => [peer, rank]))
    const send = (message: FromMember, seq: number) => this.#up.send(message, seq)
    this.#branch = new Branch({ run, self, place, ranks, inbox, send, pulse: (spec.policy.lease * 1000) / 3 })
    this.#branch.start()
  }

  /** Compares the clock with the controller's, not with the head's. */
  ask(signal: AbortSignal): Promise<Clock> {
    return this.#line.clock.ask(signal)
  }

  /** Notes where a valid command of the open phase came from, and hands it on to those below. */
  heard(command: Command, { isNew }: { isNew: boolean }): void {
    const telling = this.#telling
    if (telling != null) this.#branch?.pass(command, telling.sealed)
    if (telling != null || isNew) this.#road = telling?.line ?? this.#line
  }

  /** Sends now, or as soon as the line is up. @returns false if nothing goes that way any more */
  answer(ack: Signed<Ack>): boolean {
    if (this.#road === this.#up && this.#branch?.answer(ack)) return true
    return this.repeat(ack.envelope, ack.value.seq)
  }

  /** The same for an answer that was given before. */
  repeat(sealed: Envelope, seq: number): boolean {
    if (this.#road.closed) return false
    this.#road.send({ type: 'ack', sealed }, seq)
    return true
  }

  /** Lets what was sent go out, then closes. */
  async stop(): Promise<void> {
    this.#branch?.stop()
    await this.#headLine?.stop()
    await this.#line.stop()
  }

  /** The same, when the controller has no last words any more, nor those below an answer, or after so many ms. */
  async finish(patience: number): Promise<void> {
    await this.#line.finish(patience)
    await this.stop()
  }

  /** Where this member's own answer goes with those from below. */
  get #up(): RunStreamClient {
    return this.#headLine ?? this.#line
  }

  #lineTo(head: string): RunStreamClient {
    const line: RunStreamClient = new RunStreamClient({
      ...{ run: this.#init.member.run, open: this.#init.to(head), patient: true },
      // only the controller itself keeps a run alive, and none but it ends one
      onLease: () => {},
      onRefused: () => {},
      onTold: message => message.type === 'command' && this.#tell(message, line)
    })
    line.start()
    return line
  }

  #tell(message: Told, line: RunStreamClient): void {
    this.#telling = { line, sealed: message.sealed }
    try {
      this.#init.onTold(message)
    } finally {
      this.#telling = undefined
    }
  }
}
