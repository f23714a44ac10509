/** The peers of the mesh that this home has met, with their addresses, so that it finds the mesh again without a ticket. */
import { readFile } from 'node:fs/promises'
import * as v from 'valibot'
import type { MemberView } from '../../protocols/control.ts'
import { instant, list, multiaddress, name, peerId } from '../../protocols/fields.ts'
import { writeAtomic } from '../store/atomic.ts'
import type { Members } from './members.ts'

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
export type RememberedPeer = v.InferOutput<typeof peers>[number]

const DAY = 86_400_000
/** Who has not been here for so long is forgotten. */
const KEEP = 7 * DAY
/** Written this long after a change, with what else changes by then, ms. */
const SETTLE = 1_000

export class Remembered {
  readonly #path: string
  #peers: RememberedPeer[]
  #members: Members | undefined
  #self = ''
  #timer: NodeJS.Timeout | undefined

  constructor(path: string, known: RememberedPeer[]) {
    this.#path = path
    this.#peers = known
  }

  /** A file that cannot be read is as good as none: the ticket's addresses are left. */
  static async open(path: string): Promise<Remembered> {
    const content = await readFile(path, 'utf8').catch(() => '[]')
    try {
      return new Remembered(path, v.parse(peers, JSON.parse(content)))
    } catch {
      return new Remembered(path, [])
    }
  }

  watch(members: Members, self: string): this {
    this.#members = members
    this.#self = self
    return this
  }

  start(): void {
    this.#members?.addEventListener('change', this.#onChange)
  }

  async beforeStop(): Promise<void> {
    this.#members?.removeEventListener('change', this.#onChange)
    clearTimeout(this.#timer)
    await this.#write()
  }

  stop(): void {}

  /** @returns whom this home remembers, those that left last */
  peers(): RememberedPeer[] {
    return this.#peers
  }

  readonly #onChange = (): void => {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#write().catch(() => {})
    }, SETTLE).unref()
  }

  async #write(): Promise<void> {
    const others = this.#members?.list().filter(({ peer }) => peer !== this.#self) ?? []
    const now = remember(this.#peers, others, Date.now())
    if (JSON.stringify(now) === JSON.stringify(this.#peers)) return
    this.#peers = now
    await writeAtomic(this.#path, `${JSON.stringify(now, null, 2)}\n`, { mode: 0o600 })
  }
}

/** @returns what is remembered from now on: who is here, and who was not long ago; those that left last. Pure. */
export function remember(known: RememberedPeer[], members: MemberView[], now: number): RememberedPeer[] {
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
