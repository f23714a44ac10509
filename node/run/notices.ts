/**
 * Tells the mesh how the phases of one run ended. Nobody waits for it: phases that follow each other quickly share one notice, so that
 * a phase costs peers that take no part next to nothing.
 */
import { seal } from '../../protocols/envelope.ts'
import { type ClosedPhase, MAX_HOLDERS, MAX_NOTICED, type Notice, noticeSubject } from '../../protocols/notice.ts'
import type { RunContext } from './run-context.ts'

/** Longest time between the end of a phase and its notice, ms. */
const NOTICE_DELAY_MS = 1_000

export type NoticesRun = Pick<RunContext, 'order'> & {
  parts: Pick<RunContext['parts'], 'signer' | 'feed' | 'members'>
}

export class Notices {
  readonly #run: NoticesRun
  readonly #holders = new Set<string>()
  #phases: ClosedPhase[] = []
  #timer: NodeJS.Timeout | undefined
  /** No notice before this instant of the monotonic clock, ms. */
  #heldUntil = 0

  constructor(run: NoticesRun) {
    this.#run = run
  }

  /** @param holders members that got the certificate */
  add(phase: ClosedPhase, holders: string[]): void {
    this.#phases.push(phase)
    for (const peer of holders) if (this.#holders.size < MAX_HOLDERS) this.#holders.add(peer)
    if (this.#phases.length >= MAX_NOTICED) return this.flush()
    this.#timer ??= setTimeout(() => this.#onTimer(), NOTICE_DELAY_MS)
  }

  /** Postpones what can wait: while members start their tools they are to do nothing else. */
  hold(ms: number): void {
    this.#heldUntil = performance.now() + ms
  }

  #onTimer(): void {
    const left = this.#heldUntil - performance.now()
    if (left <= 0) return this.flush()
    this.#timer = setTimeout(() => this.#onTimer(), left)
  }

  /** Publishes pending notices at once. @param members those that take part from here on */
  flush(members?: string[]): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#phases.length === 0) return
    const { run, epoch } = this.#run.order
    const { signer, feed, members: mesh } = this.#run.parts
    const others = mesh.list().map(({ peer }) => peer)
    const here = others.filter(peer => peer !== signer.peer && mesh.isHere(peer))
    const oneHop = feed.reaches(here) ? true : undefined
    const value: Notice = { run, epoch, phases: this.#phases, members, holders: [...this.#holders], oneHop }
    this.#phases = []
    feed.publish({ type: 'notice', signed: { by: signer.peer, value, envelope: seal(noticeSubject, value, signer) } })
  }
}
