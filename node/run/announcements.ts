/** What members announce with their answers, held against what has arrived: an answer that announces more does not count. */
import type { Signed } from '../../protocols/envelope.ts'
import type { Ack, Produced } from '../../protocols/phase.ts'
import { type Announced, answerOf } from '../../protocols/verify/signed-files.ts'

export class Announcements implements Announced {
  readonly #arrived = new Set<string>()
  readonly answered = new Set<string>()
  readonly listing = new Set<string>()
  readonly unlisted = new Set<string>()

  /** A tarball is in its place; its receipt follows, and then the answer of its member. @param files digest of its list of files */
  received(peer: string, { digest, bytes }: { digest: string; bytes: number }, files?: string): void {
    this.#arrived.add(keyOf(peer, { digest, bytes, files }))
  }

  /** @returns what an answer announces that has not arrived */
  missingOf({ by, value }: Signed<Ack>): string | undefined {
    const missing = value.produced?.find(each => !this.#arrived.has(keyOf(by, each)))
    if (missing != null) return `it announced ${missing.name}, which did not arrive`
    this.note(by, value)
    return undefined
  }

  /** An answer counts. */
  note(by: string, { produced = [] }: Pick<Ack, 'produced'>): void {
    for (const { files } of produced) {
      if (files != null) this.answered.add(answerOf(by, files))
      const kind = files == null ? this.unlisted : this.listing
      kind.add(by)
    }
  }
}

const keyOf = (peer: string, { digest, bytes, files = '' }: Pick<Produced, 'digest' | 'bytes' | 'files'>) =>
  `${peer} ${digest} ${bytes} ${files}`
