/**
 * Receives the tarballs of members: into the inbox of their run, verified, unpacked into the result folder, then receipted. A member
 * can fill only folders of its own name.
 */
import { decode } from '../../protocols/codec.ts'
import type { ReceiveLimits } from '../../protocols/config-file.ts'
import { type Envelope, envelope, type Signer } from '../../protocols/envelope.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { checkFileList, MAX_LIST_BYTES } from '../../protocols/file-list.ts'
import { isFolderOf, parseResultPath } from '../../protocols/layout.ts'
import type { Carrier, PathClass } from '../../protocols/path.ts'
import type { Handler } from '../../protocols/stream.ts'
import type { ToReceiver, ToSender } from '../../protocols/tarball.ts'
import { type Admission, receiveTarball, Slots, type TarballOffer, tarballProtocol } from '../../protocols/tarball.ts'
import { tarballOf } from '../../protocols/tarball-names.ts'
import type { Log } from '../log.ts'
import type { Paths } from '../mesh/paths/paths.ts'
import type { Streams } from '../mesh/streams.ts'
import { Part } from '../part.ts'
import { type Bounds, unpackBounded } from '../store/bounded-unpack.ts'
import { ensureFree } from '../store/disk.ts'
import { printable } from '../store/entries.ts'
import type { Home } from '../store/home.ts'
import { closeInbox, type Inbox, openInbox } from '../store/inbox.ts'
import type { RenamedEntry } from '../store/move.ts'
import type { RunFolder } from '../store/run-folder.ts'
import type { RefusedEntry } from '../store/unpack.ts'
import { Budget } from './budget.ts'

/** How a tarball came. */
export interface Transfer {
  /** Entries that were not unpacked. */
  refused: RefusedEntry[]
  /** Files that got another name than their own. */
  renamed: RenamedEntry[]
  /** Digest of the list of files that its member signed. */
  files?: string
  /** ms */
  took: number
  /** Of its last byte; none where the sender is this peer. */
  path?: PathClass
  carrier?: Carrier
}

/** Refused tarballs of one member that its run is told of. */
const MAX_TOLD = 16

/** A run that receives tarballs now. */
export interface Reception {
  folder: RunFolder
  /** Tarballs at once. */
  transfers: number
  /** The name of a member's folders; undefined for a peer that is not of this run. */
  nameOf(peer: string): string | undefined
  /** @throws {BakError} `not-allowed`, `not-on-roster` for a tarball that the run does not expect of this member, or not any more */
  check(peer: string, offer: TarballOffer): void
  /** Tarballs that the record of the run may still name. */
  room(): number
  /** A tarball has to wait until others have come. */
  onWait(peer: string): void
  /** What it throws ends the transfer. */
  onProgress(peer: string, offer: TarballOffer, done: number): void
  /** A tarball of a member is not taken, and stays with it. */
  onRefused(peer: string, offer: TarballOffer, reason: string): void
  onReceived(peer: string, offer: TarballOffer, transfer: Transfer): void
}

interface Sender {
  peer: string
  name: string
  carrier: Carrier | undefined
}

interface Open {
  reception: Reception
  inbox: Promise<Inbox>
  handler: Handler<ToReceiver, ToSender>
  /** By member. */
  budgets: Map<string, Budget>
  /** Refused tarballs that the run was told of, by member. */
  told: Map<string, number>
  /** What is being put to its place now. */
  unpacking: Set<Promise<void>>
  /** The result is about to be sealed: nothing more is taken. */
  settled: boolean
}

export interface ReceiverInit {
  log: Log
  signer: Signer
  home: Home
  /** What one member may send in one run. */
  limits: ReceiveLimits
}

export class Receiver extends Part<{ streams: Streams; paths: Pick<Paths, 'of'> }, ReceiverInit> {
  readonly #log = this.init.log.with({}, 'receiver')
  readonly #open = new Map<string, Open>()
  #archive: Handler<ToReceiver, ToSender> | undefined

  async start(): Promise<void> {
    await this.components.streams.serve(tarballProtocol, (first, exchange) => this.#route(first)(first, exchange))
  }

  isOpen(run: string): boolean {
    return this.#open.has(run)
  }

  open(run: string, reception: Reception): void {
    const inbox = openInbox(this.init.home.inbox(run))
    inbox.catch(() => {})
    const handler = receiveTarball({
      signer: this.init.signer,
      slots: new Slots(reception.transfers),
      admit: (offer, peer, carrier) => this.#admit(offer, peer, carrier),
      onWait: (_, peer) => reception.onWait(peer),
      onProgress: (offer, done, peer) => reception.onProgress(peer, offer, done)
    })
    const counted = { budgets: new Map(), told: new Map(), unpacking: new Set<Promise<void>>() }
    this.#open.set(run, { reception, inbox, handler, ...counted, settled: false })
  }

  /** Nothing is put into the result folder any more when this resolves; what comes later stays on its member, to be collected. */
  async settle(run: string): Promise<void> {
    const open = this.#open.get(run)
    if (open == null) return
    open.settled = true
    await Promise.allSettled(open.unpacking)
  }

  /** @param complete whether every member has its receipts: nobody will ask for one again */
  async close(run: string, complete = false): Promise<void> {
    const inbox = this.#open.get(run)?.inbox
    this.#open.delete(run)
    await inbox?.catch(() => {})
    // a tarball that is incomplete, or has no receipt, waits for its member
    await closeInbox(this.init.home.inbox(run), complete)
  }

  /** Whole runs that another peer moves here go to this handler. */
  archive(handler: Handler<ToReceiver, ToSender>): void {
    this.#archive = handler
  }

  /** Each run has slots of its own. */
  #route(first: ToReceiver): Handler<ToReceiver, ToSender> {
    if (first.type === 'offer' && first.kind === 'run' && this.#archive != null) return this.#archive
    const run = first.type === 'offer' ? first.run : ''
    const open = this.#open.get(run)
    if (open == null) throw noTarballs(run)
    return open.handler
  }

  async #admit(offer: TarballOffer, peer: string, carrier?: Carrier): Promise<Admission> {
    const open = this.#open.get(offer.run)
    if (open == null) throw noTarballs(offer.run)
    const name = open.reception.nameOf(peer)
    if (name == null) throw new BakError('not-on-roster', `${peer} is not on the roster of ${offer.run}`)
    return this.#orTell(open, peer, offer, () => this.#decide(open, offer, { peer, name, carrier }))
  }

  async #decide(open: Open, offer: TarballOffer, { peer, name, carrier }: Sender): Promise<Admission> {
    const { reception } = open
    const foreign = offer.allow.find(path => !isOwn(path, name, offer.kind))
    if (foreign != null) throw new BakError('not-allowed', `${name} may not fill ${printable(foreign)} of ${offer.run}`)
    reception.check(peer, offer)
    const inbox = await open.inbox
    const had = await inbox.receipt(offer.digest)
    if (had != null) return { have: decode(envelope, new Uint8Array(had)) as Envelope }
    if (open.settled) throw noTarballs(offer.run)
    const budget = open.budgets.get(peer) ?? this.#budgetOf(peer, name, offer.run)
    open.budgets.set(peer, budget)
    budget.begin(offer)
    // the record of the run needs room, too: it names the members that could not send
    await ensureFree(reception.folder.root, offer.bytes)
    const began = performance.now()
    const sender = { peer, name, carrier }
    const sink = await inbox.sink(offer, async tarball => {
      if (open.settled) throw noTarballs(offer.run)
      const take = () => this.#take(open, offer, sender, { tarball, budget, began })
      const taking = this.#orTell(open, peer, offer, take)
      open.unpacking.add(taking)
      await taking.finally(() => open.unpacking.delete(taking))
    })
    return { sink }
  }

  /** Puts a tarball that is whole to its place, and its list to those of the result. */
  async #take(
    { reception, unpacking }: Open,
    offer: TarballOffer,
    { peer, name, carrier }: Sender,
    { tarball, budget, began }: { tarball: string | Uint8Array; budget: Budget; began: number }
  ): Promise<void> {
    const { run, what, allow } = offer
    if (reception.room() <= unpacking.size)
      throw new BakError('not-allowed', `${what} of ${name}: the record of ${run} can name no more tarballs`)
    let files: string | undefined
    const check = (sealed: Uint8Array) => {
      files = checkFileList(sealed, { run, by: peer, name }).digest
    }
    // what this peer packed itself is large only if its workload wrote so much
    const maxBytes = peer === this.init.signer.peer ? Number.POSITIVE_INFINITY : MAX_LIST_BYTES
    const at = { allow: allow.map(path => `${path}/`), what, list: { maxBytes, check } }
    const unpackAt = (bounds: Bounds) => unpackBounded(tarball, reception.folder.root, at, bounds)
    const { refused, renamed, list } = await budget.take(offer, unpackAt)
    if (list != null) reception.folder.addFileList(list)
    for (const { path, reason: why } of refused)
      this.#log.refused('entry refused', { run, from: peer, entry: printable(path), why })
    const path = this.components.paths.of(peer)?.class
    const took = performance.now() - began
    reception.onReceived(peer, offer, { refused, renamed, files, took, path, carrier })
  }

  /** What this peer packed itself is large only if its workload wrote so much. */
  #budgetOf(peer: string, name: string, run: string): Budget {
    return new Budget({ run, name, limits: peer === this.init.signer.peer ? undefined : this.init.limits })
  }

  /** Does something about a tarball, and tells the run if that is refused: its data stays with the member. */
  async #orTell<T>({ reception, told }: Open, peer: string, offer: TarballOffer, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (cause) {
      const { code, message } = asBakError(cause)
      const times = told.get(peer) ?? 0
      if (code === 'not-allowed' && times < MAX_TOLD) {
        told.set(peer, times + 1)
        reception.onRefused(peer, offer, message)
      }
      throw cause
    }
  }
}

const noTarballs = (run: string) => new BakError('no-such-run', `run ${run} takes no tarballs here`)

/** @returns whether a path is a whole folder of the member, of the kind that the tarball has */
export function isOwn(path: string, member: string, kind: TarballOffer['kind']): boolean {
  return isFolderOf(path, member) && kind === tarballOf(parseResultPath(path))?.kind
}
