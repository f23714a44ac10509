/**
 * The events of one run: stored ones go to the journal and are numbered, live ones only to whoever follows just now.
 * A follower reads the past at its own pace; one that is too slow misses live events, never stored ones.
 */
import type { EndedEvent, EventBody, LiveBody, LiveEvent, RunEvent, StoredEvent } from '../../protocols/events.ts'
import { type Journal, openJournal } from '../store/journal.ts'
import { onAbort } from '../wait.ts'

/** Live events that may wait for a slow follower. */
const MAX_LIVE = 256

interface Follower {
  live: LiveEvent[]
  wake(): void
}

export class RunEvents {
  readonly #past: StoredEvent[]
  readonly #journal: Journal
  readonly #followers = new Set<Follower>()
  readonly #onProblem: (error: Error) => void
  /** Followers see the events before this one. */
  #visible: number
  #waking: NodeJS.Immediate | undefined
  #ended = false

  constructor(journal: Journal, past: StoredEvent[], onProblem: (error: Error) => void) {
    this.#journal = journal
    this.#past = past
    this.#visible = past.length
    this.#onProblem = onProblem
  }

  static async open(path: string, past: StoredEvent[], onProblem: (error: Error) => void): Promise<RunEvents> {
    return new RunEvents(await openJournal(path), past, onProblem)
  }

  get past(): readonly StoredEvent[] {
    return this.#past
  }

  get followed(): boolean {
    return this.#followers.size > 0
  }

  store(body: EventBody): void {
    const event = this.#add(body)
    this.#journal.append(event).catch(error => this.#onProblem(error))
    if (body.type === 'ended') return
    this.#visible = this.#past.length
    this.#wake()
  }

  /** Stores the last event, which is not seen before `end`: who sees it finds the folder sealed. @throws if it is not on the disk */
  async finish(body: EndedEvent): Promise<void> {
    const written = this.#journal.append(this.#add(body), { sync: true })
    await Promise.allSettled([written])
    await this.close()
    await written
  }

  #add(body: EventBody): StoredEvent {
    const event = { n: this.#past.length, at: Date.now(), ...body } as StoredEvent
    this.#past.push(event)
    return event
  }

  show(body: LiveBody): void {
    const event = { at: Date.now(), ...body } as LiveEvent
    for (const follower of this.#followers) {
      if (follower.live.length >= MAX_LIVE) follower.live.shift()
      follower.live.push(event)
    }
    this.#wake()
  }

  /** Once for all that this turn of the event loop brings: answers come many at a time. */
  #wake(): void {
    if (this.#followers.size === 0) return
    this.#waking ??= setImmediate(() => {
      this.#waking = undefined
      for (const follower of this.#followers) follower.wake()
    })
  }

  /** No more is stored; the journal is on the disk when this resolves. */
  close(): Promise<void> {
    return this.#journal.close()
  }

  /** Followers see the last event, and go. @param instead of the one that was stored, where there is no seal */
  end(instead?: EndedEvent): void {
    if (this.#past.at(-1)?.type === 'ended' && instead != null) this.#past.pop()
    if (instead != null) this.#add(instead)
    this.#ended = true
    this.#visible = this.#past.length
    this.#wake()
  }

  /** Replays from number `from`, then follows to the end of the run. */
  async *follow(from: number, signal: AbortSignal): AsyncGenerator<RunEvent> {
    let changed = Promise.withResolvers<void>()
    const follower: Follower = { live: [], wake: () => changed.resolve() }
    const removeListener = onAbort(signal, follower.wake)
    this.#followers.add(follower)
    try {
      for (let next = from; !signal.aborted; ) {
        changed = Promise.withResolvers()
        while (next < this.#visible && !signal.aborted) yield this.#past[next++] as StoredEvent
        for (let live = follower.live.shift(); live !== undefined; live = follower.live.shift()) yield live
        if (next < this.#visible || follower.live.length > 0) continue
        if (this.#ended) return
        await changed.promise
      }
    } finally {
      this.#followers.delete(follower)
      removeListener()
    }
  }
}
