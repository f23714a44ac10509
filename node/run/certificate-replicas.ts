/**
 * Some members hold the certificates of a run beside its controller. They get each over their stream; what did not come so,
 * as the last of all for which no stream is open any more, they fetch when they hear of it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { decode } from '../../protocols/codec.ts'
import { envelope, type Signed } from '../../protocols/envelope.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import type { Notice } from '../../protocols/notice.ts'
import type { Content } from '../artifacts/content.ts'
import type { Log } from '../log.ts'
import type { RunFeed } from './run-feed.ts'

/** What was sent over the stream is here by then, ms. */
const WAIT = 1_000
/** A controller that does not give a certificate within this is not waited for, ms. */
const PATIENCE = 30_000

export class CertificateReplicas {
  readonly #components: { follow: RunFeed; content: Content }
  readonly #init: { log: Log; self: string }
  readonly #stopped = new AbortController()

  constructor(components: { follow: RunFeed; content: Content }, init: { log: Log; self: string }) {
    this.#components = components
    this.#init = init
  }

  start(): void {
    this.#components.follow.addEventListener('notice', this.#onNotice)
  }

  stop(): void {
    this.#stopped.abort(new BakError('interrupted', 'the daemon stops'))
    this.#components.follow.removeEventListener('notice', this.#onNotice)
  }

  readonly #onNotice = ({ detail: { by, value } }: CustomEvent<Signed<Notice>>): void => {
    const { self, log } = this.#init
    const { run, phases, holders } = value
    if (by === self || !holders.includes(self)) return
    const digests = phases.map(({ certificate }) => certificate)
    this.#fetch(run, digests, by).catch(cause =>
      log.debug('certificates not fetched', { run, from: by, why: asBakError(cause).message })
    )
  }

  async #fetch(run: string, digests: string[], controller: string): Promise<void> {
    await sleep(WAIT, undefined, { signal: this.#stopped.signal, ref: false })
    const signal = AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(PATIENCE)])
    const held = this.#components.follow.get(run)?.held
    for (const digest of digests.filter(each => held?.has(each) === false)) {
      const bytes = await this.#components.content.get(digest, [controller], { signal })
      this.#components.follow.hold(run, decode(envelope, bytes))
    }
  }
}
