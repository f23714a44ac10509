/**
 * Who prolongs a phase in which members send or fetch: a member that is still asked, for itself alone, and only while its bytes come fast enough or
 * it waits for its turn. One that is slow holds up the turn of no other.
 */
import { BakError } from '../../protocols/errors.ts'
import type { Exclusion } from '../../protocols/manifest.ts'
import type { Command } from '../../protocols/phase.ts'
import { PORTION_BYTES } from '../../protocols/tarball.ts'
import type { OpenPhase } from './open-phase.ts'

/** What comes more slowly than this over so long is no progress: bytes a second, ms. Or over half of the deadline. */
const LEAST_RATE = 64 * 1024
const RATE_WINDOW_MS = 30_000
/** Who was slow lets others go first for so long, ms; those come again within a second. */
const YIELD_MS = 600_000
const WAITING_MS = 2_000
const SENDING = new Set<string>(['send', 'sysinfo', 'end'])
/** What a member fetches is one content to this. */
const STAGED = 'staged'

/** What comes of a member that nobody waits for is of no phase. */
const IDLE = { seq: -1, deadline: Number.POSITIVE_INFINITY }

interface SendWatchInit {
  excluded: ReadonlyMap<string, Exclusion>
  open(): Pick<OpenPhase, 'command' | 'waitsFor' | 'prolong' | 'blame'> | undefined
  /** ms */
  now?(): number
}

/** What a member has sent in a phase. */
interface Sending {
  seq: number
  /** When this window of the rate began, and bytes since. */
  since: number
  bytes: number
  /** Bytes of the tarball that came last. */
  digest: string
  done: number
}

export class SendWatch {
  readonly #init: SendWatchInit
  readonly #members = new Map<string, Sending>()
  /** Members that were slow while others waited. */
  readonly #yielding = new Map<string, { until: number; why: string }>()
  /** When a member last waited for its turn. */
  #waited = Number.NEGATIVE_INFINITY

  constructor(init: SendWatchInit) {
    this.#init = init
  }

  /** @throws {BakError} `not-on-roster`, `not-ready` as `check` does, where more of the tarball is to come */
  onProgress(peer: string, digest: string, { done, total }: { done: number; total: number }): void {
    const open = this.#sendingOf(peer)
    const why = this.#slowness(peer, open?.command ?? IDLE, { digest, done })
    if (why === '') open?.prolong(peer)
    else if (why != null) {
      open?.blame(peer, `${why}, which does not prolong its time`)
      if (this.#othersWait) this.#yielding.set(peer, { until: this.#now + YIELD_MS, why })
    }
    if (done < total) this.check(peer)
  }

  /** A member fetches what is staged. */
  onStaging(peer: string, { done, total }: { done: number; total: number }): void {
    const open = this.#init.open()
    if (open?.command.phase !== 'stage' || !open.waitsFor(peer) || done > total) return
    const why = this.#slowness(peer, open.command, { digest: STAGED, done })
    if (why === '') open.prolong(peer)
    else if (why != null) open.blame(peer, `${why.replace('it sent', 'it fetched')}, which does not prolong its time`)
  }

  /** A member waits until others have sent: that costs none of its time. */
  onWait(peer: string): void {
    const open = this.#sendingOf(peer)
    if (open == null) return
    this.#members.delete(peer)
    this.#waited = this.#now
    open.prolong(peer)
  }

  /**
   * @throws {BakError} `not-on-roster` where the member was given up for being slow, `not-ready` where it was slow and others wait for
   * their turn; what is here of its tarball stays
   */
  check(peer: string): void {
    const out = this.#init.excluded.get(peer)
    if (out?.code === 'timeout' && SENDING.has(out.phase))
      throw new BakError('not-on-roster', `excluded at ${out.phase}: ${out.reason}`)
    const { until = 0, why } = this.#yielding.get(peer) ?? {}
    if (until > this.#now && this.#othersWait) throw new BakError('not-ready', `${why}, and others wait for their turn`)
  }

  get #now(): number {
    return (this.#init.now ?? performance.now.bind(performance))()
  }

  /** Whether members without a turn have come again just now. */
  get #othersWait(): boolean {
    return this.#now - this.#waited < WAITING_MS
  }

  #sendingOf(peer: string) {
    const open = this.#init.open()
    return open != null && SENDING.has(open.command.phase) && open.waitsFor(peer) ? open : undefined
  }

  /** @returns why what came since the window began is no progress; an empty text if it is; nothing if that cannot be told yet */
  #slowness(
    peer: string,
    { seq, deadline }: Pick<Command, 'seq' | 'deadline'>,
    { digest, done }: Pick<Sending, 'digest' | 'done'>
  ): string | undefined {
    const now = this.#now
    const known = this.#members.get(peer)
    if (known?.seq !== seq) {
      this.#members.set(peer, { seq, since: now, bytes: 0, digest, done })
      return ''
    }
    // of another tarball, or of one that begins anew, no more than one portion can have come
    const before = known.digest === digest && done >= known.done ? known.done : Math.max(0, done - PORTION_BYTES)
    const bytes = known.bytes + done - before
    const took = now - known.since
    const window = Math.min(RATE_WINDOW_MS, deadline / 2)
    const isEnough = bytes * 1000 >= LEAST_RATE * Math.max(took, window)
    const isOver = isEnough || took >= window
    Object.assign(known, { digest, done, since: isOver ? now : known.since, bytes: isOver ? 0 : bytes })
    if (isEnough) return ''
    const rate = `${inKiB((bytes * 1000) / took)} KiB/s`
    return isOver ? `it sent ${rate}, less than ${inKiB(LEAST_RATE)} KiB/s` : undefined
  }
}

const inKiB = (bytes: number) => Math.round(bytes / 1024)
