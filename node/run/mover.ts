/**
 * A whole result moves to another peer, a folder or a pbench server (moving/): verified, brought there, proven there, and only then deleted
 * here. Only a peer with the label `archive=true` takes results in.
 */
import { decode, encode } from '../../protocols/codec.ts'
import type { AllowSettings, ReceiveLimits } from '../../protocols/config-file.ts'
import { type Envelope, envelope, type Signer, seal } from '../../protocols/envelope.ts'
import { BakError } from '../../protocols/errors.ts'
import type { RunRecord } from '../../protocols/record.ts'
import {
  type Admission,
  MAX_UNPACKED_BYTES,
  maxDataOf,
  receiptSubject,
  receiveTarball,
  Slots,
  type TarballOffer
} from '../../protocols/tarball.ts'
import type { Members } from '../mesh/membership/members.ts'
import { namesOf, refusalOfPeer } from '../mesh/names/listed-peers.ts'
import { askingOf, type Names } from '../mesh/names/peer-rule.ts'
import { checkPermission, type Roles } from '../mesh/permissions.ts'
import type { Streams } from '../mesh/streams.ts'
import { Part } from '../part.ts'
import type { Bounds } from '../store/bounded-unpack.ts'
import { contentOf, noteCopy } from '../store/copied.ts'
import { ensureFree } from '../store/disk.ts'
import type { Home } from '../store/home.ts'
import type { Inbox } from '../store/inbox.ts'
import { keepResult } from '../store/kept-results.ts'
import { forgetMoved, noteMoved, placeOf, type Whither, whereMoved } from '../store/moved.ts'
import { checkResult, hasResult, removeResult, takeIn } from '../store/stored-results.ts'
import { UnfinishedMoves } from '../store/unfinished-moves.ts'
import { refusalOfResult } from './archive-rule.ts'
import type { Coordinator } from './coordinator.ts'
import { checkWhole } from './moving/check-whole.ts'
import type { Deliver, Parcel } from './moving/deliver.ts'
import type { Target } from './moving/resolve-destination.ts'
import { toPeer } from './moving/to-peer.ts'
import { toServer } from './moving/to-server.ts'
import type { Receiver } from './receiver.ts'
import type { RunFeed } from './run-feed.ts'
import { linesHere } from './run-lines.ts'

/** Results that a peer takes in at the same time. */
const MAX_MOVES = 2
/** Files and folders of one. */
const MAX_FILES = 1_000_000

export interface MoverComponents {
  streams: Streams
  members: Members
  coordinator: Coordinator
  receiver: Receiver
  authority: Roles
  feed: Pick<RunFeed, 'get'>
}

export interface MoverInit {
  home: Home
  signer: Signer
  /** Who may store results here. */
  archive: NonNullable<AllowSettings['archive']>
  /** Whom the names in it mean. */
  names: Names
  limits: Pick<ReceiveLimits, 'ratio'>
}

interface MoveOptions extends Pick<Parcel, 'signal' | 'onProgress'> {
  /** The copy here stays. */
  keep: boolean
  /** An API key of a pbench server. */
  token?: string
}

export class Mover extends Part<MoverComponents, MoverInit> {
  readonly #unfinished: UnfinishedMoves

  constructor(components: MoverComponents, init: MoverInit) {
    super(components, init)
    this.#unfinished = new UnfinishedMoves(init.home)
    components.receiver.archive(
      receiveTarball({
        signer: init.signer,
        slots: new Slots(MAX_MOVES),
        admit: (offer, peer) => this.#admit(offer, peer)
      })
    )
  }

  /**
   * @returns where it is
   * @throws {BakError} `no-such-run`, `busy`, `damaged`, and why it is not at its destination; the folder is then still here
   */
  async move(run: string, to: Target, options: MoveOptions): Promise<Whither> {
    const use = `is being moved to ${nameOf(to)}: wait until it is there`
    return this.components.coordinator.inUse.during(run, use, () => this.#move(run, to, options))
  }

  async #move(run: string, to: Target, { keep, token, signal, onProgress }: MoveOptions): Promise<Whither> {
    const { home } = this.init
    const folder = this.components.coordinator.folder(run)
    if (!folder.hasRecord()) throw await this.#notHere(run)
    // what is not as it was signed must get no new seal, and is no result to keep elsewhere
    await checkResult(folder.root)
    if (!keep && to.kind !== 'peer') checkWhole(await folder.readRecord())
    const place = await this.#wayTo(to, token)({ home, run, root: folder.root, signal, onProgress })
    if (keep) {
      await noteCopy(home, run, { ...place, at: Date.now(), content: await contentOf(folder) })
      return place
    }
    const line = (await linesHere(this.components.coordinator)).find(each => each.run === run)
    const { folder: _, resumedBy: __, ...shown } = line ?? {}
    await noteMoved(home, run, { ...place, at: Date.now(), ...(line && { line: shown as typeof line }) })
    await removeResult(home, run)
    return place
  }

  #wayTo(to: Target, token: string | undefined): Deliver {
    const { signer } = this.init
    if (to.kind === 'peer')
      return toPeer({ peer: to.peer, name: to.name }, { streams: this.components.streams, signer })
    if (to.kind === 'server') return toServer(to, token)
    return async parcel => ({ folder: await keepResult(to.path, { ...parcel, self: signer.peer }) })
  }

  async #notHere(run: string): Promise<BakError> {
    const moved = await whereMoved(this.init.home, run)
    const gone = moved == null ? 'is not here' : `is not here any more: it was moved to ${placeOf(moved)}`
    return new BakError('no-such-run', `the folder of ${run} ${gone}`)
  }

  /** What an earlier life of the daemon had begun to take in begins anew. */
  async start(): Promise<void> {
    await this.#unfinished.sweep()
  }

  async #admit(offer: TarballOffer, peer: string): Promise<Admission> {
    const { coordinator, members } = this.components
    const { archive, names } = this.init
    const { run, allow, digest, bytes } = offer
    this.#checkSender(peer)
    if (allow.length !== 1 || allow[0] !== run) throw new BakError('bad-message', `${peer} offers more than a run`)
    const inbox = await this.#unfinished.inbox(run)
    const had = await inbox?.receipt(digest)
    if (had != null) return { have: decode(envelope, new Uint8Array(had)) }
    // the daemon was killed when the result had its place and before it had a receipt
    if (hasResult(this.init.home, run) && inbox?.isWhole(digest) === true)
      return { have: await this.#receiptFor(offer, inbox) }
    if (hasResult(this.init.home, run))
      throw new BakError('cannot-create', `${members.self.name} has a folder of ${run} already`)
    await ensureFree(this.init.home.inbox(), bytes)
    const release = coordinator.inUse.claim(run, `is being moved here by ${members.get(peer)?.shown ?? peer}: wait`)
    try {
      const sink = await this.#unfinished.sink(offer, peer, async (tarball, onWhole) => {
        await takeIn(this.init.home, run, tarball, {
          bounds: this.#boundsOf(offer),
          check: record => this.#checkRecord(record, run, peer),
          onWhole: async () => {
            // a name of the list that lets a result in means its mover from now on
            await names.bind(namesOf(archive, askingOf(peer, members, names)), peer)
            await onWhole()
          }
        })
        await forgetMoved(this.init.home, run)
      })
      const close = () => sink.close().finally(release)
      return { sink: { ...sink, close } }
    } catch (cause) {
      release()
      throw cause
    }
  }

  async #receiptFor({ run, what, digest, bytes }: TarballOffer, inbox: Inbox): Promise<Envelope> {
    const sealed = seal(receiptSubject, { run, what, digest, bytes, at: Date.now() }, this.init.signer)
    await inbox.keepReceipt(digest, encode(sealed))
    await forgetMoved(this.init.home, run)
    return sealed
  }

  /** @throws {BakError} `not-allowed` unless the owner lets this peer store results here */
  #checkSender(peer: string): void {
    const { members, authority } = this.components
    checkPermission(authority, peer, 'move')
    const { self } = members
    if (self.labels.archive !== 'true') {
      throw new BakError('not-allowed', `${self.name} takes no results: it has not the label archive=true`)
    }
    const { archive, names } = this.init
    const why = refusalOfPeer(archive, askingOf(peer, members, names))
    if (why == null) return
    throw new BakError(
      'not-allowed',
      `allow.archive ${why}; it is set in ${this.init.home.config} or by --allow-archive`
    )
  }

  #boundsOf({ run, bytes }: TarballOffer): Bounds {
    const maxData = maxDataOf(bytes, this.init.limits.ratio)
    return {
      maxData,
      maxBytes: maxData + MAX_UNPACKED_BYTES,
      maxEntries: MAX_FILES,
      explain: bound =>
        bound === 'entries'
          ? `${run} has more than ${MAX_FILES} files and folders`
          : `${run} would unpack to more than ${bound === 'data' ? maxData : maxData + MAX_UNPACKED_BYTES} bytes`
    }
  }

  /** @throws {BakError} `damaged` */
  #checkRecord(record: RunRecord, run: string, peer: string): void {
    const { feed, authority } = this.components
    const why = refusalOfResult(record, { run, peer, controller: feed.get(run)?.lead.by }, authority)
    if (why != null) throw new BakError('damaged', `${run}: ${why}`)
  }
}

const nameOf = (to: Target) => (to.kind === 'peer' ? to.name : to.kind === 'folder' ? to.path : to.base)
