/**
 * Takes in the tarballs of members: into the inbox of their run, verified, unpacked into the result folder, then receipted.
 * A member can fill only folders that bear its own name.
 */
import { rm, rmdir } from 'node:fs/promises'
import { decode } from '../../protocols/codec.ts'
import { type Envelope, envelope, type Signer } from '../../protocols/envelope.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import type { Carrier, PathClass } from '../../protocols/path.ts'
import type { Handler } from '../../protocols/stream.ts'
import type { ToReceiver, ToSender } from '../../protocols/tarball.ts'
import { type Admission, receiveTarball, Slots, type TarballOffer, tarballProtocol } from '../../protocols/tarball.ts'
import type { Log } from '../log.ts'
import type { Paths } from '../mesh/paths/paths.ts'
import type { Streams } from '../mesh/streams.ts'
import { ensureFree, freeBytes, RESERVED_BYTES } from '../store/disk.ts'
import type { Home } from '../store/home.ts'
import { openInbox, type Inbox as Shelf } from '../store/inbox.ts'
import type { RunFolder } from '../store/run-folder.ts'
import { type Unpacked, unpack } from '../store/unpack.ts'

/** How a tarball came. */
export interface Transfer {
  /** Entries that were not unpacked. */
  refused: string[]
  /** ms */
  took: number
  /** Of its last byte; none where the sender is this peer. */
  path?: PathClass
  carrier?: Carrier
}

/** A tarball may unpack to so many times its size, and to so many bytes at any rate; to so many files and folders. */
const EXPANSION = 200
const MAX_SMALL = 1024 ** 3
const MAX_ENTRIES = 100_000
/** Tarballs that one member may have begun to send and not ended. */
const MAX_UNFINISHED = 64

/** A run that takes tarballs now. */
export interface Reception {
  folder: RunFolder
  /** Tarballs at once. */
  transfers: number
  /** The name of a member's folders; undefined for who is not of this run. */
  nameOf(peer: string): string | undefined
  onProgress(peer: string, done: number, total: number): void
  onReceived(peer: string, parcel: TarballOffer, came: Transfer): void
}

interface Open {
  reception: Reception
  shelf: Promise<Shelf>
  handler: Handler<ToReceiver, ToSender>
  /** Digests by member. */
  unfinished: Map<string, Set<string>>
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

  async stop(): Promise<void> {
    await this.#streams.unserve(tarballProtocol)
  }

  open(run: string, reception: Reception): void {
    const shelf = openInbox(this.#home.inbox(run))
    shelf.catch(() => {})
    const handler = receiveTarball({
      signer: this.#signer,
      slots: new Slots(reception.transfers),
      admit: (offer, peer, carrier) => this.#admit(offer, peer, carrier),
      onProgress: (offer, done, peer) => reception.onProgress(peer, done, offer.bytes)
    })
    this.#open.set(run, { reception, shelf, handler, unfinished: new Map() })
  }

  /** @param complete whether every member has its receipts: nobody will ask for one again */
  async close(run: string, complete = false): Promise<void> {
    const shelf = this.#open.get(run)?.shelf
    this.#open.delete(run)
    await shelf?.catch(() => {})
    const folder = this.#home.inbox(run)
    // what is half here, or was not confirmed, waits for its member
    await (complete ? rm(folder, { recursive: true, force: true }) : rmdir(folder)).catch(() => {})
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
    if (open == null) throw new BakError('no-such-run', `run ${run} takes no tarballs here`)
    return open.handler
  }

  async #admit(offer: TarballOffer, peer: string, carrier?: Carrier): Promise<Admission> {
    const open = this.#open.get(offer.run)
    if (open == null) throw new BakError('no-such-run', `run ${offer.run} takes no tarballs here`)
    const { reception } = open
    const name = reception.nameOf(peer)
    if (name == null) throw new BakError('not-on-roster', `${peer} is not on the roster of ${offer.run}`)
    const foreign = offer.allow.find(path => !isOwn(path, name, offer.kind))
    if (foreign != null) throw new BakError('not-allowed', `${name} may not fill ${foreign} of ${offer.run}`)
    const shelf = await open.shelf
    const had = await shelf.receipt(offer.digest)
    if (had != null) return { have: decode(envelope, new Uint8Array(had)) as Envelope }
    const unfinished = open.unfinished.get(peer) ?? new Set()
    open.unfinished.set(peer, unfinished.add(offer.digest))
    if (unfinished.size > MAX_UNFINISHED) {
      unfinished.delete(offer.digest)
      throw new BakError('not-allowed', `${name} has begun ${unfinished.size} tarballs of ${offer.run} and ended none`)
    }
    // room is left for the record of the run: who could not send must be written down
    await ensureFree(reception.folder.root, offer.bytes)
    const began = performance.now()
    const sink = await shelf.sink(offer, async tarball => {
      const { refused } = await unpackBounded(tarball, reception.folder.root, offer)
      unfinished.delete(offer.digest)
      for (const entry of refused) this.#log.refused('entry refused', { run: offer.run, from: peer, entry })
      const path = this.#paths.of(peer)?.class
      reception.onReceived(peer, offer, { refused, took: performance.now() - began, path, carrier })
    })
    return { sink }
  }
}

/** @throws {BakError} `not-allowed` for what swells beyond all measure, `no-space` before the disk is full */
async function unpackBounded(
  tarball: string | Uint8Array,
  root: string,
  { bytes, allow, what }: TarballOffer
): Promise<Unpacked> {
  const most = MAX_SMALL + EXPANSION * bytes
  const room = (await freeBytes(root)) - RESERVED_BYTES
  const paths = allow.map(path => `${path}/`)
  try {
    return await unpack(tarball, root, { allow: paths, maxBytes: Math.min(most, room), maxEntries: MAX_ENTRIES })
  } catch (cause) {
    if (room >= most || asBakError(cause).code !== 'not-allowed') throw cause
    throw new BakError('no-space', `no space left on the disk of ${root} for what is in ${what}`, { cause })
  }
}

/** Tools: `<n>-<iteration>/sample<k>/tools-<group>/<name>`; sysinfo: `sysinfo/{begin,end}/<name>`. */
export function isOwn(path: string, name: string, kind: TarballOffer['kind']): boolean {
  const parts = path.split('/')
  if (parts.at(-1) !== name) return false
  if (kind === 'sysinfo')
    return parts.length === 3 && parts[0] === 'sysinfo' && /^(begin|end)$/.test(parts[1] as string)
  if (kind !== 'tools' || parts.length !== 4) return false
  const [iteration, sample, group] = parts as [string, string, string]
  return /^\d+-[\w@#.-]+$/.test(iteration) && /^sample\d+$/.test(sample) && /^tools-[\w@#.-]+$/.test(group)
}
