/** Notices a process that says something each second and stops to: one that hangs is told from a daemon that did not run itself meanwhile. */

const LOOK_MS = 5_000
/** Looks in a row that find nothing. */
const LOOKS = 6

export class SilenceWatch {
  readonly #onSilent: (why: string) => void
  readonly #every: number
  #timer: NodeJS.Timeout | undefined
  #silent = 0

  /** @param every ms between two looks; shorter in tests */
  constructor(onSilent: (why: string) => void, every = LOOK_MS) {
    this.#onSilent = onSilent
    this.#every = every
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#look(), this.#every).unref()
  }

  heard(): void {
    this.#silent = 0
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** After a pause of this daemon one look is all that was missed: what came meanwhile is heard before the next. */
  #look(): void {
    if (++this.#silent < LOOKS) return
    this.stop()
    this.#onSilent(`the load driver has said nothing for ${(LOOKS * this.#every) / 1000} s, and was killed`)
  }
}
