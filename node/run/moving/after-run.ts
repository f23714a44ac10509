/**
 * Brings the results of runs that say so to their destination when they are sealed, and tells those who follow. What came of it changes
 * nothing of the run: why a result has not gone is in a note beside it.
 */
import { readDestination } from '../../../protocols/destination.ts'
import { asBakError, BakError } from '../../../protocols/errors.ts'
import type { LiveBody, MovedEvent, RunEvent } from '../../../protocols/events.ts'
import { cutText } from '../../../protocols/fields.ts'
import type { Log } from '../../log.ts'
import type { Members } from '../../mesh/membership/members.ts'
import { checkOwnPermission, type Roles } from '../../mesh/permissions.ts'
import { Part } from '../../part.ts'
import type { Home } from '../../store/home.ts'
import { type Due, forgetDue, noteDue, placeOf, runsDue, whyDue } from '../../store/moved.ts'
import { hasResult } from '../../store/stored-results.ts'
import { nextEvent } from '../../wait.ts'
import type { Coordinator } from '../coordinator.ts'
import type { Mover } from '../mover.ts'
import type { RunOrder } from '../run-parts.ts'
import { resolveDestination } from './resolve-destination.ts'
import { TOKEN_VARIABLE } from './to-server.ts'

/** Between two words of progress to one follower, ms. */
const PROGRESS_MS = 250
/** After a start other peers are here within this time, ms. */
const MESH_MS = 120_000
const INTERRUPTED = 'the daemon ended before it was there'

/** The move of one run, from its beginning to its end. */
class Departure extends EventTarget {
  readonly to: string
  /** When the note is written that says that it is due. */
  readonly noted: Promise<void>
  /** What has to be before it is on its way. */
  readonly when: string
  progress: { done: number; total: number; step?: string } | undefined
  ended: MovedEvent | undefined

  constructor(to: string, when: string, noted = Promise.resolve()) {
    super()
    this.to = to
    this.when = when
    this.noted = noted
  }

  change(): void {
    this.dispatchEvent(new Event('change'))
  }
}

export class AfterRun extends Part<
  { coordinator: Coordinator; mover: Mover; members: Members; authority: Roles },
  { home: Home; log: Log; signer: { peer: string } }
> {
  readonly #due = new Map<string, Departure>()

  start(): void {
    this.components.coordinator.watchers.add({
      recovered: () => void this.#takeAgain(),
      begun: order => this.#begun(order),
      ended: ({ run, env, token }, isSealed) =>
        void this.#depart(run, AbortSignal.abort(), isSealed, token ?? env[TOKEN_VARIABLE])
    })
  }

  /** What an earlier life of the daemon did not end. The token of a server is with nobody but its caller. */
  async #takeAgain(): Promise<void> {
    const { home } = this.init
    const wait = AbortSignal.any([this.stopped, AbortSignal.timeout(MESH_MS)])
    for (const run of await runsDue(home)) {
      const due = await whyDue(home, run)
      if (due?.reason !== INTERRUPTED || !hasResult(home, run) || this.#due.has(run)) continue
      if (readDestination(due.to).kind === 'server') continue
      this.#due.set(run, new Departure(due.to, 'it goes there when that peer is here'))
      await this.#depart(run, wait)
    }
  }

  /** The events of a run whose folder is here, to its end, and then those of the way of its result. @throws {BakError} `no-such-run`, `damaged` */
  async *follow(run: string, from: number, signal: AbortSignal): AsyncGenerator<RunEvent> {
    const departure = this.#due.get(run)
    yield* this.components.coordinator.follow(run, from, signal)
    if (departure != null) return yield* this.#rest(departure, signal)
    const due = hasResult(this.init.home, run) ? await whyDue(this.init.home, run) : undefined
    if (due != null) yield stamped({ type: 'moved', to: due.to, error: due.reason })
  }

  /** @returns where the result of a run is to go that is still here, and why it is */
  async whyHere(run: string): Promise<Due | undefined> {
    const departure = this.#due.get(run)
    if (departure == null) return whyDue(this.init.home, run)
    const { progress, to, when } = departure
    return { to, reason: progress == null ? when : 'it is on its way' }
  }

  async *#rest(departure: Departure, signal: AbortSignal): AsyncGenerator<RunEvent> {
    let told = Number.NEGATIVE_INFINITY
    while (departure.ended == null && !signal.aborted) {
      const { progress, to } = departure
      if (progress != null && performance.now() - told >= PROGRESS_MS) {
        yield stamped({ type: 'moving', to, ...progress })
        told = performance.now()
      }
      if (departure.ended == null) await nextEvent(departure, 'change', signal)
    }
    if (departure.ended != null) yield stamped(departure.ended)
  }

  #begun({ run, spec: { move_to: to } }: RunOrder): void {
    if (to == null) return
    const { home, log } = this.init
    const noted = noteDue(home, run, { to, reason: INTERRUPTED }).catch(cause =>
      log.warn('it is not noted where a result is to go', { run, why: asBakError(cause).message })
    )
    this.#due.set(run, new Departure(to, 'it goes there when the run has ended', noted))
  }

  /** @param wait until it aborts, the peer that is meant may come */
  async #depart(run: string, wait: AbortSignal, isSealed = true, token?: string): Promise<void> {
    const departure = this.#due.get(run)
    if (departure == null) return
    const { home, log } = this.init
    const { to } = departure
    try {
      await departure.noted
      if (!isSealed) throw new BakError('damaged', 'the result has no seal')
      departure.ended = { type: 'moved', to, place: cutText(await this.#move(run, departure, wait, token)) }
      log.info('result moved', { run, to })
    } catch (cause) {
      const error = this.stopped.aborted ? INTERRUPTED : asBakError(cause).message
      departure.ended = { type: 'moved', to, error: cutText(error) }
      log.warn('result not moved', { run, to, why: error })
      await noteDue(home, run, { to, reason: error }).catch(() => {})
    } finally {
      this.#due.delete(run)
      departure.change()
    }
  }

  /** @returns where it is */
  async #move(run: string, departure: Departure, wait: AbortSignal, token: string | undefined): Promise<string> {
    const { mover, authority } = this.components
    const { peer: self } = this.init.signer
    const target = await this.#target(departure.to, wait)
    if (target.kind === 'here') {
      await forgetDue(this.init.home, run)
      return this.components.coordinator.folder(run).root
    }
    if (target.kind === 'peer') checkOwnPermission(authority, self, 'move')
    const onProgress = (done: number, total: number, step?: string) => {
      departure.progress = { done, total, ...(step && { step }) }
      departure.change()
    }
    return placeOf(await mover.move(run, target, { keep: false, token, signal: this.stopped, onProgress }))
  }

  /** @throws {BakError} as `resolveDestination` does when `wait` aborts */
  async #target(to: string, wait: AbortSignal): Promise<ReturnType<typeof resolveDestination>> {
    const { members } = this.components
    for (;;) {
      const here = members.list().filter(({ peer }) => members.isHere(peer))
      try {
        return resolveDestination(to, { members: here, self: this.init.signer.peer })
      } catch (cause) {
        if (wait.aborted || asBakError(cause).code !== 'no-such-peer') throw cause
      }
      await nextEvent(members, 'change', wait)
    }
  }
}

const stamped = (body: LiveBody): RunEvent => ({ at: Date.now(), ...body }) as RunEvent
