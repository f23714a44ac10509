/** Reduces acknowledgements on their way up a tree: many small messages become few. Each stays as its member signed it. */
import type { Envelope } from '../../protocols/envelope.ts'
import { MAX_BATCH_ACKS, MAX_BATCH_BYTES } from '../../protocols/run-stream.ts'

/** Bytes of an envelope beside its body: signer, signature and framing. */
const ENVELOPE_BYTES = 160

export class AckBatches {
  readonly #acks: Envelope[] = []

  take(_from: string, acks: Envelope[]): void {
    this.#acks.push(...acks)
  }

  /** @returns what goes up now, in messages that each fit into a frame; nothing is left then */
  flush(): Envelope[][] {
    const batches: Envelope[][] = []
    let bytes = Number.POSITIVE_INFINITY
    for (const ack of this.#acks.splice(0)) {
      bytes += ack.body.length + ENVELOPE_BYTES
      if (bytes > MAX_BATCH_BYTES || batches.at(-1)?.length === MAX_BATCH_ACKS) {
        batches.push([])
        bytes = ack.body.length + ENVELOPE_BYTES
      }
      batches.at(-1)?.push(ack)
    }
    return batches
  }
}
