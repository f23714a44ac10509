/** The base of the daemon's parts: what each uses of the others, what it was made with, and a signal that ends what it began. */
import { BakError } from '../protocols/errors.ts'

export abstract class Part<Components, Init = void> {
  readonly #control = new AbortController()
  protected readonly components: Components
  protected readonly init: Init
  /** Aborts when the part stops: for its listeners, waits and calls. */
  protected readonly stopped = this.#control.signal

  constructor(components: Components, init: Init) {
    this.components = components
    this.init = init
  }

  stop(): void {
    this.#control.abort(new BakError('interrupted', 'this peer leaves the mesh'))
  }
}
