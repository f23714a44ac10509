/**
 * Some members hold the certificates of a run beside its controller. They get each over their stream; what did not come so,
 * as the last of all for which no stream is open any more, they fetch when they hear of it.
 */
import { decode } from '../../protocols/codec.ts'
import { envelope, type Signed } from '../../protocols/envelope.ts'
import { asBakError } from '../../protocols/errors.ts'
import type { Notice } from '../../protocols/notice.ts'
import type { Content } from '../artifacts/content.ts'
import type { Log } from '../log.ts'
import type { Follow } from './follow.ts'

/** A controller that does not give a certificate within this is not waited for, ms. */
const PATIENCE = 30_000

export class Holding {
  readonly #components: { follow: Follow; content: Content }
  readonly #init: { log: Log; self: string }

  constructor(components: { follow: Follow; content: Content }, init: { log: Log; self: string }) {
    this.#components = components
    this.#init = init
  }

  start(): void {
    this.#components.follow.addEventListener('notice', this.#onNotice)
  }

  stop(): void {
    this.#components.follow.removeEventListener('notice', this.#onNotice)
  }

  readonly #onNotice = ({ detail: { by, value } }: CustomEvent<Signed<Notice>>): void => {
    const { self, log } = this.#init
    const { run, phases, holders } = value
    if (by === self || !holders.includes(self)) return
    const held = this.#components.follow.get(run)?.held
    const missing = phases.map(({ certificate }) => certificate).filter(digest => held?.has(digest) === false)
    this.#fetch(run, missing, by).catch(cause =>
      log.debug('certificates not fetched', { run, from: by, why: asBakError(cause).message })
    )
  }

  async #fetch(run: string, digests: string[], controller: string): Promise<void> {
    const signal = AbortSignal.timeout(PATIENCE)
    for (const digest of digests) {
      const bytes = await this.#components.content.get(digest, [controller], { signal })
      this.#components.follow.hold(run, decode(envelope, bytes))
    }
  }
}
