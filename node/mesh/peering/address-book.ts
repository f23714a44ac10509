/** The peers of the mesh that this home has met, with their addresses, so that it finds the mesh again without a ticket. */
import { readFile } from 'node:fs/promises'
import * as v from 'valibot'
import type { MemberView } from '../../../protocols/control.ts'
import { instant, list, multiaddress, name, peerId } from '../../../protocols/fields.ts'
import { writeAtomic } from '../../store/atomic.ts'
import type { Members } from '../membership/members.ts'
import type { Authority } from '../trust/authority.ts'

const MAX_PEERS = 1024
const peers = list(
  v.object({
    peer: peerId,
    name,
    addresses: list(multiaddress, 32),
    /** The day when it was last here. */
    seen: v.optional(instant, 0),
    /** It said good-bye: it comes back by itself, or never. */
    left: v.optional(v.boolean())
  }),
  MAX_PEERS
)
export type KnownPeer = v.InferOutput<typeof peers>[number]

const DAY = 86_400_000
/** Who has not been here for so long is forgotten. */
const KEEP = 7 * DAY
/** Written this long after a change, with what else changes by then, ms. */
const SETTLE = 1_000

export interface AddressBookParts {
  members: Members
  authority: Authority
  self: string
}

export class AddressBook {
  readonly #path: string
  #peers: KnownPeer[]
  #parts: AddressBookParts | undefined
  #timer: NodeJS.Timeout | undefined
  /** What is in the file. */
  #written = ''
  #writing: Promise<void> = Promise.resolve()

  constructor(path: string, known: KnownPeer[]) {
    this.#path = path
    this.#peers = known
  }

  /** A file that cannot be read is as good as none: the ticket's addresses are left. */
  static async open(path: string): Promise<AddressBook> {
    const content = await readFile(path, 'utf8').catch(() => '[]')
    try {
      return new AddressBook(path, v.parse(peers, JSON.parse(content)))
    } catch {
      return new AddressBook(path, [])
    }
  }

  watch(parts: AddressBookParts): this {
    this.#parts = parts
    return this
  }

  start(): void {
    this.#parts?.members.addEventListener('change', this.#onChange)
    this.#parts?.authority.addEventListener('refused', this.#onRefused)
  }

  async beforeStop(): Promise<void> {
    this.#parts?.members.removeEventListener('change', this.#onChange)
    this.#parts?.authority.removeEventListener('refused', this.#onRefused)
    clearTimeout(this.#timer)
    await this.#write()
  }

  stop(): void {}

  /** @returns whom this home remembers, those that left last */
  peers(): KnownPeer[] {
    return this.#peers
  }

  readonly #onChange = (): void => {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#write().catch(() => {})
    }, SETTLE).unref()
  }

  /** Nobody looks for a peer that is not let in any more. */
  readonly #onRefused = ({ detail: { peer } }: CustomEvent<{ peer: string }>): void => {
    this.#peers = this.#peers.filter(each => each.peer !== peer)
    this.#onChange()
  }

  async #write(): Promise<void> {
    const { members, self } = this.#parts ?? {}
    const others = members?.list().filter(({ peer }) => peer !== self) ?? []
    this.#peers = remember(this.#peers, others, Date.now())
    const text = `${JSON.stringify(this.#peers, null, 2)}\n`
    if (text !== this.#written) {
      this.#written = text
      // one after the other: a stop waits for what was begun before it
      this.#writing = this.#writing.catch(() => {}).then(() => writeAtomic(this.#path, text, { mode: 0o600 }))
    }
    await this.#writing
  }
}

/** @returns what is remembered from now on: who is here, and who was not long ago; those that left last. Pure. */
export function remember(known: KnownPeer[], members: MemberView[], now: number): KnownPeer[] {
  const all = new Map(known.map(each => [each.peer, each]))
  for (const { peer, name, addresses, state, since } of members.filter(each => each.addresses.length > 0)) {
    const seen = state === 'lost' || state === 'left' ? Math.min(since, now) : now
    // the day is enough, and does not change with every record that comes
    const met = { peer, name, addresses, seen: seen - (seen % DAY) }
    all.set(peer, state === 'left' ? { ...met, left: true } : met)
  }
  return [...all.values()]
    .filter(({ seen }) => seen > now - KEEP)
    .sort((a, b) => Number(a.left ?? false) - Number(b.left ?? false) || b.seen - a.seen)
    .slice(0, MAX_PEERS)
}
