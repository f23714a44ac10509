/**
 * Who may complete and seal a result: its controller, and each peer to which a holder of it handed it over by a signed statement in the
 * record. So data that members still keep can be collected where the result is, and the seal of that peer is worth as much as the word of
 * the controller that gave it the result.
 */
import * as v from 'valibot'
import { decode, encode } from './codec.ts'
import { type Envelope, envelope, open, type Signer, type Subject, seal } from './envelope.ts'
import { BakError } from './errors.ts'
import { instant, peerId, runId } from './fields.ts'
import { MAX_HANDOVERS, type RunRecord } from './record.ts'

const handover = v.object({ run: runId, to: peerId, at: instant })
const handoverSubject: Subject<v.InferOutput<typeof handover>> = { name: 'handover', schema: handover }

/** @returns the record with one more holder, or as it is where the peer is one already. @throws {BakError} `not-allowed` if it can name no more */
export function handOver(record: RunRecord, to: string, signer: Signer, at = Date.now()): RunRecord {
  if (holdersOf(record.run, record.controller.peer, custodyOf(record)).includes(to)) return record
  if ((record.custody ?? []).length >= MAX_HANDOVERS)
    throw new BakError(
      'not-allowed',
      `the result of ${record.run} was handed over ${MAX_HANDOVERS} times, which is all it can name`
    )
  const sealed = seal(handoverSubject, { run: record.run, to, at }, signer)
  return { ...record, custody: [...(record.custody ?? []), Buffer.from(encode(sealed)).toString('base64')] }
}

export const custodyOf = ({ custody = [] }: Pick<RunRecord, 'custody'>): Envelope[] =>
  custody.map(each => decode(envelope, new Uint8Array(Buffer.from(each, 'base64'))))

/** @returns the controller and all to whom the result went. @throws {BakError} `bad-signature`, `bad-message`, `not-the-controller` */
export function holdersOf(run: string, controller: string, custody: Envelope[]): string[] {
  const holders = [controller]
  for (const sealed of custody) {
    const { by, value } = open(handoverSubject, sealed)
    if (value.run !== run)
      throw new BakError('bad-message', `the result of ${value.run} was handed over, not of ${run}`)
    if (!holders.includes(by))
      throw new BakError('not-the-controller', `${by} handed over a result that it did not have`)
    holders.push(value.to)
  }
  return holders
}
