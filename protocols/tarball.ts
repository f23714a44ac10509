/**
 * How tarballs travel, one a stream. The member that has one opens the stream and offers it. The receiver answers that it
 * is to come again later (`wait`), that it has it already (`have`), or asks for portions of it (`want`), each of which the
 * member answers with `data` and the bytes themselves behind it. The receiver sets the pace: it asks for the next portion while
 * it stores one, and for as many at once as fill the way, up to 32. So it holds two portions and what is under way, 34 MiB
 * at most and 4 on a short way; the member holds two. When all is there and its digest is right it answers with a signed
 * receipt, and only then may the member delete its copy. While the receiver is busy for long it sends `pulse`.
 *
 * A tarball of at most 64 KiB comes with its offer, and the first answer is its receipt, unless the receiver asks for it all
 * the same: because the bytes were not right, or because it does not know of this.
 *
 * A stream that breaks is opened again, with the same offer, and the receiver asks for what it has not got. If the digest
 * is wrong the receiver starts over once, then gives up with `mismatch`.
 */

export { MAX_DATA_OF_SMALL_BYTES, MAX_ENTRIES, MAX_UNPACKED_BYTES, maxDataOf } from './tarball/bounds.ts'
export {
  checkReceipt,
  PORTION_BYTES,
  type Receipt,
  receipt,
  receiptSubject,
  type TarballKind,
  type TarballOffer,
  type ToReceiver,
  type ToSender,
  tarballKind,
  tarballOffer,
  tarballProtocol
} from './tarball/messages.ts'
export { MAX_WINDOW_PORTIONS, Pace } from './tarball/pace.ts'
export { type Admission, type ReceiveInit, receiveTarball, type Sink } from './tarball/receive.ts'
export { type SendOptions, type Sent, type Source, sendTarball } from './tarball/send.ts'
export { MAX_SMALL_BYTES, Slots } from './tarball/slots.ts'
