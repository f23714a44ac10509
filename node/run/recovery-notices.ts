/**
 * Tells the mesh that runs which a killed daemon left open are over. A daemon that starts has no connections yet, so the notices are
 * published again until each peer that is here has been reached.
 */
import { type Envelope, type Signer, seal } from '../../protocols/envelope.ts'
import { type Notice, noticeSubject } from '../../protocols/notice.ts'
import type { Members } from '../mesh/membership/members.ts'
import type { RunFeed } from './run-feed.ts'

const LOOK_INTERVAL_MS = 500
/** A peer that comes later than this asks nobody about old runs, ms. */
const TELL_FOR_MS = 120_000

export interface RecoveryNoticesParts {
  members: Pick<Members, 'list' | 'isHere'>
  feed: Pick<RunFeed, 'publish' | 'reaches'>
}

export class RecoveryNotices {
  readonly #parts: RecoveryNoticesParts
  readonly #signer: Signer
  readonly #notices: Array<{ value: Notice; envelope: Envelope }> = []
  readonly #told = new Set<string>()
  /** Until when others are told, by the monotonic clock. */
  #until = 0
  #timer: NodeJS.Timeout | undefined

  constructor(parts: RecoveryNoticesParts, signer: Signer) {
    this.#parts = parts
    this.#signer = signer
  }

  add(value: Notice): void {
    this.#notices.push({ value, envelope: seal(noticeSubject, value, this.#signer) })
    this.#until = performance.now() + TELL_FOR_MS
    this.#timer ??= setInterval(() => this.tell(), LOOK_INTERVAL_MS).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Publishes once more if a message reaches somebody who was not told. */
  tell(): void {
    const { members, feed } = this.#parts
    const others = members.list().map(({ peer }) => peer)
    const fresh = others.filter(
      peer => peer !== this.#signer.peer && !this.#told.has(peer) && members.isHere(peer) && feed.reaches([peer])
    )
    for (const peer of fresh) this.#told.add(peer)
    if (fresh.length > 0) {
      for (const { value, envelope } of this.#notices)
        feed.publish({ type: 'notice', signed: { by: this.#signer.peer, value, envelope } })
    }
    if (performance.now() > this.#until) this.stop()
  }
}
