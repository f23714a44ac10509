/** The filter of acknowledgements: many small messages become few. Each stays as its member signed it. */
import type { Envelope } from '../../protocols/envelope.ts'
import { MAX_BATCH_ACKS, MAX_BATCH_BYTES } from '../../protocols/run-stream.ts'
import type { Filter } from './filter.ts'

/** Bytes of an envelope beside its body: signer, signature and framing. */
const ENVELOPE_BYTES = 160

export class AckBatches implements Filter<Envelope[]> {
  readonly #acks: Envelope[] = []

  take(_from: string, acks: Envelope[]): void {
    this.#acks.push(...acks)
  }

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
