/**
 * Some members keep the certificates of a run beside its controller. They get each on their run stream; one that did not arrive so,
 * such as the last of all, for which no stream is open any more, they fetch when they hear of its digest.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { decode } from '../../protocols/codec.ts'
import { envelope, type Signed } from '../../protocols/envelope.ts'
import { asBakError } from '../../protocols/errors.ts'
import type { Notice } from '../../protocols/notice.ts'
import type { Content } from '../artifacts/content.ts'
import { listen } from '../listen.ts'
import type { Log } from '../log.ts'
import { Part } from '../part.ts'
import type { RunFeed, RunFeedEvents } from './run-feed.ts'

/** A certificate that was sent on the run stream has arrived by then, ms. */
const STREAM_WAIT_MS = 1_000
/** Longest wait for the controller to give its certificates, ms. */
const FETCH_TIMEOUT_MS = 30_000

export class CertificateReplicas extends Part<{ feed: RunFeed; content: Content }, { log: Log; self: string }> {
  start(): void {
    listen<RunFeedEvents>(this.components.feed, this.stopped, { notice: this.#onNotice })
  }

  readonly #onNotice = ({ detail: { by, value } }: CustomEvent<Signed<Notice>>): void => {
    const { self, log } = this.init
    const { run, phases, holders } = value
    if (by === self || !holders.includes(self)) return
    const digests = phases.map(({ certificate }) => certificate)
    this.#fetch(run, digests, by).catch(cause =>
      log.debug('certificates not fetched', { run, from: by, why: asBakError(cause).message })
    )
  }

  async #fetch(run: string, digests: string[], controller: string): Promise<void> {
    await sleep(STREAM_WAIT_MS, undefined, { signal: this.stopped, ref: false })
    const signal = AbortSignal.any([this.stopped, AbortSignal.timeout(FETCH_TIMEOUT_MS)])
    const kept = this.components.feed.get(run)?.certificates
    for (const digest of digests.filter(each => kept?.has(each) === false)) {
      const bytes = await this.components.content.get(digest, [controller], { signal })
      this.components.feed.keep(run, decode(envelope, bytes))
    }
  }
}
