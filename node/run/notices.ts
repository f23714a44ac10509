/**
 * Tells the mesh how the phases of one run ended. Nobody waits for it: phases that follow each other quickly are told of
 * together, so that a phase costs those that only listen next to nothing.
 */

import { type Envelope, seal } from '../../protocols/envelope.ts'
import { type ClosedPhase, MAX_HOLDERS, MAX_NOTICED, type Notice, noticeSubject } from '../../protocols/notice.ts'
import type { DriverParts, RunOrder } from './driver-parts.ts'

/** The mesh hears of a phase this long after its end at the latest, ms. */
const WAIT = 1_000

export interface NoticesInit {
  order: Pick<RunOrder, 'run' | 'epoch' | 'spec'>
  parts: Pick<DriverParts, 'signer' | 'follow' | 'members' | 'inbox'>
}

export class Notices {
  readonly #init: NoticesInit
  readonly #holders = new Set<string>()
  #phases: ClosedPhase[] = []
  #timer: NodeJS.Timeout | undefined
  /** On the monotonic clock. */
  #calm = 0

  constructor(init: NoticesInit) {
    this.#init = init
  }

  /** @param holders who has got its certificate */
  add(phase: ClosedPhase, holders: string[]): void {
    this.#phases.push(phase)
    for (const peer of holders) if (this.#holders.size < MAX_HOLDERS) this.#holders.add(peer)
    if (this.#phases.length >= MAX_NOTICED) return this.flush()
    this.#timer ??= setTimeout(() => this.#tell(), WAIT)
  }

  /** For so many ms the mesh is to be busy with nothing else: what can wait is told later. */
  spare(ms: number): void {
    this.#calm = performance.now() + ms
  }

  #tell(): void {
    const left = this.#calm - performance.now()
    if (left <= 0) return this.flush()
    this.#timer = setTimeout(() => this.#tell(), left)
  }

  /** Tells now what has not been told yet. @param members who takes part from here on */
  flush(members?: string[]): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#phases.length === 0) return
    const { run, epoch } = this.#init.order
    const { signer, follow } = this.#init.parts
    const value: Notice = { run, epoch, phases: this.#phases, members, holders: [...this.#holders] }
    this.#phases = []
    const envelope = seal(noticeSubject, value, signer)
    const toMesh = !this.#tellOverLines(envelope)
    follow.say({ type: 'notice', signed: { by: signer.peer, value, envelope } }, { toMesh })
  }

  /** @returns whether everyone was told: only where all have lines, and are not so many that it would be long work for one */
  #tellOverLines(sealed: Envelope): boolean {
    const { order, parts } = this.#init
    const { inbox, members, signer } = parts
    const all = members.list().map(({ peer }) => peer)
    const peers = all.filter(peer => peer !== signer.peer && members.isHere(peer))
    if (peers.length > order.spec.policy.fanout || !peers.every(peer => inbox.isOpen(order.run, peer))) return false
    return inbox.tell(order.run, peers, { type: 'notice', sealed }).length === peers.length
  }
}
