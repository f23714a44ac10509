/**
 * Tells the mesh how the phases of one run ended. Nobody waits for it: phases that follow each other quickly are told of
 * together, so that a phase costs those that only listen next to nothing.
 */

import type { Signer } from '../../protocols/envelope.ts'
import { seal } from '../../protocols/envelope.ts'
import { type ClosedPhase, MAX_HOLDERS, MAX_NOTICED, type Notice, noticeSubject } from '../../protocols/notice.ts'
import type { Follow } from './follow.ts'

/** The mesh hears of a phase this long after its end at the latest, ms. */
const WAIT = 1_000

export interface NoticesInit {
  run: string
  epoch: number
  signer: Signer
  follow: Pick<Follow, 'say'>
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
    const { run, epoch, signer, follow } = this.#init
    const value: Notice = { run, epoch, phases: this.#phases, members, holders: [...this.#holders] }
    this.#phases = []
    follow.say({ type: 'notice', signed: { by: signer.peer, value, envelope: seal(noticeSubject, value, signer) } })
  }
}
