/** A result goes to a peer that archives: handed over in its record, packed, sent as one tarball, and verified there before the receipt. */
import { dirname } from 'node:path'
import { handOver } from '../../../protocols/custody.ts'
import type { Signer } from '../../../protocols/envelope.ts'
import { BakError } from '../../../protocols/errors.ts'
import { sendTarball } from '../../../protocols/tarball.ts'
import type { Streams } from '../../mesh/streams.ts'
import { openOutbox } from '../../store/outbox.ts'
import { removeTree } from '../../store/remove-tree.ts'
import { RunFolder } from '../../store/run-folder.ts'
import { moveFolder } from '../../store/stored-results.ts'
import type { Deliver } from './deliver.ts'

export const toPeer =
  (to: { peer: string; name: string }, { streams, signer }: { streams: Streams; signer: Signer }): Deliver =>
  async ({ home, run, root, signal, onProgress }) => {
    const folder = new RunFolder(root)
    const record = await folder.readRecord()
    const given = handOver(record, to.peer, signer)
    if (given !== record) await folder.writeRecord(given, signer)
    const packing = moveFolder(home, run)
    const outbox = await openOutbox(packing, run)
    try {
      const {
        report,
        path: _,
        ...offer
      } = await outbox.add(dirname(root), [run], 'the whole run', { kind: 'run', signal })
      if (report.left.length > 0)
        throw new BakError('io', `it would not be whole there: ${report.warnings().join('; ')}`)
      const source = { read: (offset: number, length: number) => outbox.read(offer.digest, offset, length) }
      await sendTarball(streams.to(to.peer), offer, source, { signal, to: to.peer, onProgress })
    } finally {
      await removeTree(packing)
    }
    return to
  }
