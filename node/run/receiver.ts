/**
 * Receives the tarballs of members: into the inbox of their run, verified, unpacked into the result folder, then receipted. A member
 * can fill only folders of its own name.
 */
import { decode } from '../../protocols/codec.ts'
import { type Envelope, envelope, type Signer } from '../../protocols/envelope.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { isFolderOf, parseResultPath } from '../../protocols/layout.ts'
import type { Carrier, PathClass } from '../../protocols/path.ts'
import type { Handler } from '../../protocols/stream.ts'
import type { ToReceiver, ToSender } from '../../protocols/tarball.ts'
import {
  type Admission,
  MAX_ENTRIES,
  MAX_UNPACKED_BYTES,
  maxDataOf,
  receiveTarball,
  Slots,
  type TarballOffer,
  tarballProtocol
} from '../../protocols/tarball.ts'
import type { Log } from '../log.ts'
import type { Paths } from '../mesh/paths/paths.ts'
import type { Streams } from '../mesh/streams.ts'
import { ensureFree, freeBytes, RESERVED_BYTES } from '../store/disk.ts'
import type { Home } from '../store/home.ts'
import { closeInbox, type Inbox, openInbox } from '../store/inbox.ts'
import type { RunFolder } from '../store/run-folder.ts'
import { type RefusedEntry, type Unpacked, unpack } from '../store/unpack.ts'

/** How a tarball came. */
export interface Transfer {
  /** Entries that were not unpacked. */
  refused: RefusedEntry[]
  /** Files that got another name than their own, in words. */
  renamed: string[]
  /** ms */
  took: number
  /** Of its last byte; none where the sender is this peer. */
  path?: PathClass
  carrier?: Carrier
}

/** Headers of a tarball, beside its files. */
const HEADER_BYTES = MAX_ENTRIES * 4096
/** Tarballs that one member may have begun to send and not ended. */
const MAX_UNFINISHED = 64

/** A run that receives tarballs now. */
export interface Reception {
  folder: RunFolder
  /** Tarballs at once. */
  transfers: number
  /** The name of a member's folders; undefined for a peer that is not of this run. */
  nameOf(peer: string): string | undefined
  onProgress(peer: string, done: number, total: number): void
  onReceived(peer: string, offer: TarballOffer, transfer: Transfer): void
}

interface Open {
  reception: Reception
  inbox: Promise<Inbox>
  handler: Handler<ToReceiver, ToSender>
  /** Digests by member. */
  unfinished: Map<string, Set<string>>
  /** What is being put to its place now. */
  unpacking: Set<Promise<void>>
  /** The result is about to be sealed: nothing more is taken. */
  settled: boolean
}

export class Receiver {
  readonly #streams: Streams
  readonly #paths: Pick<Paths, 'of'>
  readonly #log: Log
  readonly #signer: Signer
  readonly #home: Home
  readonly #open = new Map<string, Open>()
  #archive: Handler<ToReceiver, ToSender> | undefined

  constructor(
    components: { streams: Streams; paths: Pick<Paths, 'of'> },
    init: { log: Log; signer: Signer; home: Home }
  ) {
    this.#streams = components.streams
    this.#paths = components.paths
    this.#log = init.log.with({}, 'receiver')
    this.#signer = init.signer
    this.#home = init.home
  }

  async start(): Promise<void> {
    await this.#streams.serve(tarballProtocol, (first, exchange) => this.#route(first)(first, exchange))
  }

  isOpen(run: string): boolean {
    return this.#open.has(run)
  }

  open(run: string, reception: Reception): void {
    const inbox = openInbox(this.#home.inbox(run))
    inbox.catch(() => {})
    const handler = receiveTarball({
      signer: this.#signer,
      slots: new Slots(reception.transfers),
      admit: (offer, peer, carrier) => this.#admit(offer, peer, carrier),
      onProgress: (offer, done, peer) => reception.onProgress(peer, done, offer.bytes)
    })
    this.#open.set(run, { reception, inbox, handler, unfinished: new Map(), unpacking: new Set(), settled: false })
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
    await closeInbox(this.#home.inbox(run), complete)
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
    const { reception } = open
    const name = reception.nameOf(peer)
    if (name == null) throw new BakError('not-on-roster', `${peer} is not on the roster of ${offer.run}`)
    const foreign = offer.allow.find(path => !isOwn(path, name, offer.kind))
    if (foreign != null) throw new BakError('not-allowed', `${name} may not fill ${foreign} of ${offer.run}`)
    const inbox = await open.inbox
    const had = await inbox.receipt(offer.digest)
    if (had != null) return { have: decode(envelope, new Uint8Array(had)) as Envelope }
    if (open.settled) throw noTarballs(offer.run)
    const unfinished = open.unfinished.get(peer) ?? new Set()
    open.unfinished.set(peer, unfinished.add(offer.digest))
    if (unfinished.size > MAX_UNFINISHED) {
      unfinished.delete(offer.digest)
      throw new BakError('not-allowed', `${name} has begun ${unfinished.size} tarballs of ${offer.run} and ended none`)
    }
    // the record of the run needs room, too: it names the members that could not send
    await ensureFree(reception.folder.root, offer.bytes)
    const began = performance.now()
    const take = async (tarball: string | Uint8Array) => {
      // what this peer packed itself is large only if its workload wrote so much
      const isOwnData = peer === this.#signer.peer
      const { refused, renamed } = await unpackBounded(tarball, reception.folder.root, offer, isOwnData)
      unfinished.delete(offer.digest)
      for (const { path: entry, reason: why } of refused)
        this.#log.refused('entry refused', { run: offer.run, from: peer, entry, why })
      const path = this.#paths.of(peer)?.class
      reception.onReceived(peer, offer, { refused, renamed, took: performance.now() - began, path, carrier })
    }
    const sink = await inbox.sink(offer, async tarball => {
      if (open.settled) throw noTarballs(offer.run)
      const taking = take(tarball)
      open.unpacking.add(taking)
      await taking.finally(() => open.unpacking.delete(taking))
    })
    return { sink }
  }
}

const noTarballs = (run: string) => new BakError('no-such-run', `run ${run} takes no tarballs here`)

/** @throws {BakError} `not-allowed` for a tarball that unpacks to more than it may, `no-space` before the disk is full */
async function unpackBounded(
  tarball: string | Uint8Array,
  root: string,
  { allow, what, bytes }: TarballOffer,
  isOwnData: boolean
): Promise<Unpacked> {
  const bound = isOwnData ? Number.POSITIVE_INFINITY : maxDataOf(bytes)
  const maxBytes = isOwnData ? undefined : MAX_UNPACKED_BYTES + HEADER_BYTES
  const room = (await freeBytes(root)) - RESERVED_BYTES
  const paths = allow.map(path => `${path}/`)
  try {
    const maxEntries = isOwnData ? undefined : MAX_ENTRIES
    return await unpack(tarball, root, { allow: paths, maxBytes, maxData: Math.min(bound, room), maxEntries })
  } catch (cause) {
    if (room >= bound || asBakError(cause).code !== 'not-allowed') throw cause
    throw new BakError('no-space', `no space left on the disk of ${root} for what is in ${what}`, { cause })
  }
}

/** @returns whether a path is a whole folder of the member, of the kind that the tarball has */
export function isOwn(path: string, member: string, kind: TarballOffer['kind']): boolean {
  if (!isFolderOf(path, member)) return false
  const isSysinfo = parseResultPath(path)?.kind === 'sysinfo'
  return kind === 'sysinfo' ? isSysinfo : kind === 'sample' && !isSysinfo
}
