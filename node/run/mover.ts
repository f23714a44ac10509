/**
 * A whole result moves to another peer: packed, sent as one tarball, verified there before the receipt, and only then
 * deleted here. Only a peer with the label `archive=true` takes results in.
 */

import type { KeyObject } from 'node:crypto'
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { decode } from '../../protocols/codec.ts'
import { envelope } from '../../protocols/envelope.ts'
import { BakError } from '../../protocols/errors.ts'
import { RECORD_FILE } from '../../protocols/layout.ts'
import { type Admission, receiveTarball, Slots, sendTarball, type TarballOffer } from '../../protocols/tarball.ts'
import { verifyFolder } from '../../protocols/verify.ts'
import type { Members } from '../mesh/membership/members.ts'
import { checkPermission, type Roles } from '../mesh/permissions.ts'
import type { Streams } from '../mesh/streams.ts'
import type { Home } from '../store/home.ts'
import { openInbox } from '../store/inbox.ts'
import { openOutbox } from '../store/outbox.ts'
import { unpack } from '../store/unpack.ts'
import type { Coordinator } from './coordinator.ts'
import type { Receiver } from './receiver.ts'

/** Results that a peer takes in at the same time. */
const MAX_MOVES = 2

export interface MoverComponents {
  streams: Streams
  members: Members
  coordinator: Coordinator
  receiver: Receiver
  authority: Roles
}

export class Mover {
  readonly #components: MoverComponents
  readonly #home: Home

  constructor(components: MoverComponents, init: { home: Home; signer: { peer: string; key: KeyObject } }) {
    this.#components = components
    this.#home = init.home
    components.receiver.archive(
      receiveTarball({
        signer: init.signer,
        slots: new Slots(MAX_MOVES),
        admit: (offer, peer) => this.#admit(offer, peer)
      })
    )
  }

  /** @throws {BakError} `no-such-run`, `busy`, and what the other peer refuses it with; the folder is then still here */
  async move(
    run: string,
    to: string,
    { keep, signal, onProgress }: { keep: boolean; signal: AbortSignal; onProgress(done: number, total: number): void }
  ): Promise<void> {
    const { coordinator, streams } = this.#components
    if (coordinator.driver(run) != null) throw new BakError('busy', `run ${run} still goes on`)
    const folder = coordinator.folder(run)
    if (!existsSync(folder.path(RECORD_FILE))) throw new BakError('no-such-run', `the folder of ${run} is not here`)
    const shelf = join(this.#home.work(), `.move-${run}`)
    const outbox = await openOutbox(shelf, run)
    try {
      const offer = await outbox.add(dirname(folder.root), [run], 'the whole run', { kind: 'run', signal })
      const source = { read: (offset: number, length: number) => outbox.read(offer.digest, offset, length) }
      await sendTarball(streams.to(to), offer, source, { signal, to, onProgress })
    } finally {
      await rm(shelf, { recursive: true, force: true })
    }
    if (!keep) await rm(folder.root, { recursive: true, force: true })
  }

  async #admit(offer: TarballOffer, peer: string): Promise<Admission> {
    const { members, authority } = this.#components
    checkPermission(authority, peer, 'move')
    if (members.self.labels.archive !== 'true') {
      throw new BakError('not-allowed', `${members.self.name} takes no results: it has not the label archive=true`)
    }
    if (offer.allow.length !== 1 || offer.allow[0] !== offer.run)
      throw new BakError('bad-message', `${peer} offers more than a run`)
    const target = this.#home.runs(offer.run)
    const shelf = await openInbox(this.#home.inbox(offer.run))
    const had = await shelf.receipt(offer.digest)
    if (had != null) return { have: decode(envelope, new Uint8Array(had)) }
    if (existsSync(target)) {
      throw new BakError('cannot-create', `${members.self.name} has a folder of ${offer.run} already`)
    }
    const sink = await shelf.sink(offer, tarball => this.#takeIn(tarball, offer, target))
    return { sink }
  }

  /** Unpacks beside the results, verifies, and only then gives it its name. */
  async #takeIn(tarball: string | Uint8Array, { run }: TarballOffer, target: string): Promise<void> {
    const fresh = join(this.#home.work(), `.unpack-${randomUUID()}`)
    await mkdir(fresh, { recursive: true })
    try {
      await unpack(tarball, fresh, { allow: [`${run}/`] })
      const report = await verifyFolder(join(fresh, run))
      if (!report.ok)
        throw new BakError(
          'damaged',
          report.faults
            .map(({ where, what }) => `${where}: ${what}`)
            .join('; ')
            .slice(0, 900)
        )
      await rename(join(fresh, run), target)
    } finally {
      await rm(fresh, { recursive: true, force: true })
    }
  }
}
