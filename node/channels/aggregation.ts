/**
 * What the heads of branches do for the controller of a run: its commands go over their lines, and answers come gathered. Where
 * the run has no branches, or is not joined yet, all go over the members' own lines.
 */
import type { Signed } from '../../protocols/envelope.ts'
import { asBakError } from '../../protocols/errors.ts'
import type { Ack, Answers, Command } from '../../protocols/phase.ts'
import type { RunRecord } from '../../protocols/record.ts'
import type { DriverParts, RunOrder } from '../run/driver-parts.ts'
import type { OpenPhase } from '../run/open-phase.ts'
import { DeferredVerification, openBundle } from './deferred-verification.ts'
import { Routes } from './routes.ts'
import type { Refusal } from './run-stream-server.ts'

export interface AggregationInit {
  order: RunOrder
  record: RunRecord
  parts: Pick<DriverParts, 'inbox' | 'log' | 'signer'>
  isExcluded(peer: string): boolean
  /** An answer that came twice, or alone. */
  answer(ack: Signed<Ack>): unknown
}

export class Aggregation {
  readonly #init: AggregationInit
  #roads: Routes | undefined
  #unopened: DeferredVerification | undefined

  constructor(init: AggregationInit) {
    this.#init = init
  }

  /** A phase begins. @param onAnswer gets what is opened, and ms since the command when it came */
  begin(command: Command, onAnswer: (ack: Signed<Ack>, after: number) => void): void {
    this.#roads ??= this.#newRoads()
    this.#roads?.begin()
    this.#unopened = new DeferredVerification(command, onAnswer)
  }

  /** @returns whose lines are to carry a command to the peers */
  lines(command: Command, peers: string[]): string[] {
    return this.#roads?.to(peers, command.attempt) ?? peers
  }

  /** Whom a head tells. */
  below(head: string): string[] {
    return this.#roads?.below(head) ?? []
  }

  speaksFor(line: string, peer: string): boolean {
    return this.#roads?.speaksFor(line, peer) ?? false
  }

  /** Answers that a head gathered, and whom it could not tell. @returns why they do not count */
  take(open: OpenPhase | undefined, head: string, { seq, bundles, unheard }: Answers): Refusal | undefined {
    if (open?.command.seq !== seq) return { code: 'phase-closed', reason: `phase ${seq} is not open` }
    const { roster } = this.#init.record
    const peersOf = (ranks: number[]) => ranks.map(rank => roster[rank]?.peer ?? '')
    const named = [...bundles.flatMap(({ ranks }) => peersOf(ranks)), ...peersOf(unheard)]
    if (!named.every(peer => peer === head || this.speaksFor(head, peer))) {
      return { code: 'not-allowed', reason: `${head} answers for who is not below it` }
    }
    for (const { ranks, sealed } of bundles) {
      const peers = peersOf(ranks)
      // some of them came another way, too
      if (!open.count(peers, sealed)) void this.#answerEach(open.command, head, peers, sealed)
      else this.#unopened?.add(head, peers, sealed, open.age)
    }
    open.tellAgain(this.#roads?.stray(peersOf(unheard)) ?? [])
    return undefined
  }

  /** @returns what was gathered in this phase, opened; nothing to wait for where nothing was. @throws {BakError} by whom it is false */
  opened(): Promise<Signed<Ack>[]> | undefined {
    return this.#unopened?.isEmpty === false ? this.#unopened.all() : undefined
  }

  /** Once it is known who takes part. */
  #newRoads(): Routes | undefined {
    const { record, order, parts, isExcluded } = this.#init
    if (record.manifest == null) return undefined
    const peers = record.roster.map(({ peer }) => peer).filter(peer => peer !== parts.signer.peer)
    const isOpen = (peer: string) => !isExcluded(peer) && parts.inbox.isOpen(order.run, peer)
    return new Routes({ peers, fanout: order.spec.policy.fanout, isOpen })
  }

  /** Never rejects. */
  async #answerEach(command: Command, head: string, peers: string[], sealed: Uint8Array): Promise<void> {
    try {
      for await (const ack of openBundle(command, peers, sealed)) this.#init.answer(ack)
    } catch (cause) {
      const { code, message: why } = asBakError(cause)
      this.#init.parts.log.refused('answers refused', { run: command.run, from: head, code, why })
    }
  }
}
