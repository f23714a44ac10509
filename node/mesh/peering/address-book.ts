/** The peers that this home has met, with their addresses: with them it finds the mesh again without a ticket. */
import { readFile } from 'node:fs/promises'
import * as v from 'valibot'
import type { MemberView } from '../../../protocols/control.ts'
import { instant, list, multiaddress, name, peerId } from '../../../protocols/fields.ts'
import { listen } from '../../listen.ts'
import { writeAtomic } from '../../store/atomic.ts'
import type { Members, MembersEvents } from '../membership/members.ts'
import type { Authority, AuthorityEvents } from '../trust/authority.ts'

const MAX_KNOWN_PEERS = 1024
const peers = list(
  v.object({
    peer: peerId,
    name,
    addresses: list(multiaddress, 32),
    /** The day when the peer was here last. */
    seen: v.optional(instant, 0),
    /** The peer has left: it comes back by itself, or never. */
    left: v.optional(v.boolean())
  }),
  MAX_KNOWN_PEERS
)
export type KnownPeer = v.InferOutput<typeof peers>[number]

const DAY_MS = 86_400_000
/** Peers that were away for so long are forgotten. */
const KEEP_MS = 7 * DAY_MS
/** Changes within this time are written together. */
const COALESCE_MS = 1_000

export interface AddressBookComponents {
  members: Pick<Members, 'list' | 'addEventListener'>
  authority: Pick<Authority, 'addEventListener'>
  /** This peer's id. */
  self: string
}

export class AddressBook {
  readonly #path: string
  #peers: KnownPeer[]
  #components: AddressBookComponents | undefined
  /** Of the present start: the book outlasts a network that could not listen. */
  #stopped = new AbortController()
  #timer: NodeJS.Timeout | undefined
  /** The content of the file, as far as this process wrote it. */
  #written = ''
  #writing: Promise<void> = Promise.resolve()

  constructor(path: string, known: KnownPeer[]) {
    this.#path = path
    this.#peers = known
  }

  /** A file that cannot be parsed counts as empty: the addresses of the ticket remain. */
  static async open(path: string): Promise<AddressBook> {
    const content = await readFile(path, 'utf8').catch(() => '[]')
    try {
      return new AddressBook(path, v.parse(peers, JSON.parse(content)))
    } catch {
      return new AddressBook(path, [])
    }
  }

  /** The dialler needs the book before there are members: it becomes one of the services here. */
  serve(components: AddressBookComponents): this {
    this.#components = components
    return this
  }

  start(): void {
    if (this.#components == null) return
    const { members, authority } = this.#components
    this.#stopped = new AbortController()
    const { signal } = this.#stopped
    listen<MembersEvents>(members, signal, { change: () => this.#writeSoon() })
    listen<AuthorityEvents>(authority, signal, {
      // nobody needs to find a peer that is not admitted any more
      refused: ({ detail: { peer } }) => {
        this.#peers = this.#peers.filter(each => each.peer !== peer)
        this.#writeSoon()
      }
    })
  }

  async beforeStop(): Promise<void> {
    this.#stopped.abort()
    clearTimeout(this.#timer)
    await this.#write()
  }

  /** @returns the peers that this home remembers, those that have left at the end */
  peers(): KnownPeer[] {
    return this.#peers
  }

  #writeSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#write().catch(() => {})
    }, COALESCE_MS).unref()
  }

  async #write(): Promise<void> {
    const { members, self } = this.#components ?? {}
    const others = members?.list().filter(({ peer }) => peer !== self) ?? []
    this.#peers = remember(this.#peers, others, Date.now())
    const text = `${JSON.stringify(this.#peers, null, 2)}\n`
    if (text !== this.#written) {
      this.#written = text
      // one after the other: the stop waits for earlier writes too
      this.#writing = this.#writing.catch(() => {}).then(() => writeAtomic(this.#path, text, { mode: 0o600 }))
    }
    await this.#writing
  }
}

/** @returns the peers to remember: those here and those away for a short time; at the end those that have left. Pure. */
export function remember(known: KnownPeer[], members: MemberView[], now: number): KnownPeer[] {
  const all = new Map(known.map(each => [each.peer, each]))
  for (const { peer, name, addresses, state, since } of members.filter(each => each.addresses.length > 0)) {
    const seen = state === 'lost' || state === 'left' ? Math.min(since, now) : now
    // the day is enough, and does not change with every record
    const met = { peer, name, addresses, seen: seen - (seen % DAY_MS) }
    all.set(peer, state === 'left' ? { ...met, left: true } : met)
  }
  return [...all.values()]
    .filter(({ seen }) => seen > now - KEEP_MS)
    .sort((a, b) => Number(a.left ?? false) - Number(b.left ?? false) || b.seen - a.seen)
    .slice(0, MAX_KNOWN_PEERS)
}
