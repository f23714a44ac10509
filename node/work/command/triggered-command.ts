/** A command that goes on while tools start and stop as its output says: each call waits for what that says next. */
import { asBakError } from '../../../protocols/errors.ts'
import type { WorkloadResult } from '../../../protocols/phase.ts'
import type { Edge } from '../../../protocols/trigger.ts'
import { pause, within } from '../../wait.ts'
import type { TriggerWatch, Untriggered } from './trigger-watch.ts'

/** Interval at which the files of the output are looked at, ms: so late a line is seen at most. */
const LOOK_MS = 50

interface CommandEnd {
  workload: WorkloadResult
  warnings: string[]
}

/** What was said since the last call; with how the command ended, once it has. */
export interface Said extends Partial<CommandEnd> {
  edges: Edge[]
  untriggered: Untriggered[]
}

export class TriggeredCommand {
  readonly #watch: TriggerWatch
  readonly #stopping = new AbortController()
  readonly #ended: Promise<CommandEnd>
  readonly #read: Promise<void>
  /** Aborts when the command has ended. A race against its end would add to what that promise keeps with each look, for days perhaps. */
  readonly #over = new AbortController()
  /** What nobody was told of yet. */
  readonly #edges: Edge[] = []
  #news = Promise.withResolvers<void>()

  /** @param run starts the command, and resolves when it has ended; the signal ends it */
  constructor(watch: TriggerWatch, run: (signal: AbortSignal) => Promise<CommandEnd>) {
    this.#watch = watch
    this.#ended = run(this.#stopping.signal).finally(() => {
      this.#over.abort()
      this.#news.resolve()
    })
    // whoever asks next is told
    this.#ended.catch(() => {})
    this.#read = this.#follow().catch(cause => watch.giveUp(asBakError(cause).message))
  }

  /** @throws {BakError} why it could not be run; the reason of the signal, and the command goes on */
  async next(signal: AbortSignal): Promise<Said> {
    while (!this.#hasEnded && this.#edges.length === 0) {
      await within(this.#news.promise, signal)
      this.#news = Promise.withResolvers()
    }
    if (signal.aborted) throw asBakError(signal.reason)
    return this.#edges.length > 0 && !this.#hasEnded ? { edges: this.#edges.splice(0), untriggered: [] } : this.#rest()
  }

  /** Stops it where it still runs. @returns how it ended; nothing if it could not be run */
  async end(): Promise<Said | undefined> {
    this.#stopping.abort()
    return await this.#rest().catch(() => undefined)
  }

  get #hasEnded(): boolean {
    return this.#over.signal.aborted
  }

  async #rest(): Promise<Said> {
    const ended = await this.#ended
    await this.#read
    return { ...ended, edges: this.#edges.splice(0), untriggered: this.#watch.untriggered() }
  }

  async #follow(): Promise<void> {
    while (!this.#hasEnded) {
      await this.#watch.look(this.#edges)
      if (this.#edges.length > 0) this.#news.resolve()
      if (!this.#watch.isBehind) await pause(LOOK_MS, this.#over.signal)
    }
    await this.#watch.end(this.#edges)
  }
}
