/** The peers of the mesh that this home has met, with their addresses, so that it finds the mesh again without a ticket. */
import { readFile } from 'node:fs/promises'
import * as v from 'valibot'
import { list, multiaddress, name, peerId } from '../../protocols/fields.ts'
import { writeAtomic } from '../store/atomic.ts'
import type { Members } from './members.ts'

const peers = list(v.object({ peer: peerId, name, addresses: list(multiaddress, 32) }), 1024)
/** Written this long after a change, with what else changes by then, ms. */
const SETTLE = 1_000

export class Remembered {
  readonly #path: string
  #peers: v.InferOutput<typeof peers>
  #members: Members | undefined
  #self = ''
  #timer: NodeJS.Timeout | undefined

  constructor(path: string, known: v.InferOutput<typeof peers>) {
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

  addresses(): string[] {
    return this.#peers.flatMap(({ addresses }) => addresses)
  }

  readonly #onChange = (): void => {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#write().catch(() => {})
    }, SETTLE).unref()
  }

  async #write(): Promise<void> {
    const others =
      this.#members?.list().filter(({ peer, addresses }) => peer !== this.#self && addresses.length > 0) ?? []
    const now = others.slice(0, 1024).map(({ peer, name, addresses }) => ({ peer, name, addresses }))
    if (now.length === 0 || JSON.stringify(now) === JSON.stringify(this.#peers)) return
    this.#peers = now
    await writeAtomic(this.#path, `${JSON.stringify(now, null, 2)}\n`, { mode: 0o600 })
  }
}
