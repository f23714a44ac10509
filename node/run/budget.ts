/**
 * What one member may bring into the result of one run: tarballs, files, bytes on the disk, and how much more they are unpacked than packed.
 * Its tarballs are unpacked one after the other, so that no two of them use the same rest of a bound.
 */

import type { ReceiveLimits } from '../../protocols/config-file.ts'
import { BakError } from '../../protocols/errors.ts'
import { MAX_DATA_OF_SMALL_BYTES, MAX_ENTRIES, MAX_UNPACKED_BYTES, type TarballOffer } from '../../protocols/tarball.ts'
import { InTurn } from '../in-turn.ts'
import type { Bounds } from '../store/bounded-unpack.ts'
import type { Counted } from '../store/extraction.ts'
import type { Unpacked } from '../store/unpack.ts'

/** Headers of a tarball, beside its files. */
const HEADER_BYTES = MAX_ENTRIES * 4096
/** Tarballs that one member may have begun to send and not ended. */
const MAX_UNFINISHED = 64
/** Tarballs of one kind and sample that are unpacked: the one expected, that with the rest which it had to leave out, and one more try. */
const MAX_TRIES = 3

interface BudgetInit {
  run: string
  name: string
  /** None for what this peer sends itself: that is large only if its workload wrote so much. */
  limits?: ReceiveLimits
}

export class Budget {
  readonly #init: BudgetInit
  /** Bytes of each, by digest. */
  readonly #unfinished = new Map<string, number>()
  readonly #tries = new Map<string, number>()
  readonly #used = { tarballs: 0, entries: 0, bytes: 0, data: 0, packed: 0 }
  readonly #turn = new InTurn()

  constructor(init: BudgetInit) {
    this.#init = init
  }

  /** Counts a tarball that is offered, again or for the first time. @throws {BakError} `not-allowed` if it is one too many, or too large */
  begin({ digest, bytes, what, kind }: TarballOffer): void {
    const { limits, name, run } = this.#init
    if (this.#unfinished.has(digest)) return
    if (this.#unfinished.size >= MAX_UNFINISHED)
      throw new BakError('not-allowed', `${name} has begun ${this.#unfinished.size} tarballs of ${run} and ended none`)
    if (limits != null) {
      const coming = [...this.#unfinished.values()].reduce((sum, each) => sum + each, bytes)
      if (this.#used.tarballs + this.#unfinished.size >= limits.tarballs) throw this.#exceeds(what, 'tarballs')
      if (this.#used.bytes + coming > limits.bytes) throw this.#exceeds(what, 'bytes')
      this.#checkTries(what, kind)
    }
    this.#unfinished.set(digest, bytes)
  }

  /**
   * Unpacks a tarball that is whole, in its turn, and counts what is in it.
   * @throws {BakError} `not-allowed` with the bound that it exceeds, and what `unpack` throws
   */
  take(offer: TarballOffer, unpack: (bounds: Bounds) => Promise<Unpacked & Counted>): Promise<Unpacked & Counted> {
    return this.#turn.run(() => this.#take(offer, unpack))
  }

  async #take(
    offer: TarballOffer,
    unpack: (bounds: Bounds) => Promise<Unpacked & Counted>
  ): Promise<Unpacked & Counted> {
    const { limits } = this.#init
    const { digest, bytes, what, kind } = offer
    if (limits != null) this.#checkTries(what, kind)
    const place = placeOf(what, kind)
    this.#tries.set(place, (this.#tries.get(place) ?? 0) + 1)
    this.#used.tarballs++
    // one that is refused takes no room from those after it: its data stays with the member
    this.#unfinished.delete(digest)
    const unpacked = await unpack(limits == null ? UNBOUNDED : this.#bounds(offer, limits))
    this.#used.entries += unpacked.entries
    this.#used.bytes += unpacked.bytes
    this.#used.data += unpacked.data
    this.#used.packed += bytes
    return unpacked
  }

  #bounds({ bytes, what }: TarballOffer, limits: ReceiveLimits): Bounds {
    const { entries, bytes: used, data, packed } = this.#used
    // what earlier tarballs were unpacked to beyond the ratio is not given twice
    const expanded = MAX_DATA_OF_SMALL_BYTES + limits.ratio * bytes + Math.min(0, limits.ratio * packed - data)
    const rest = { entries: limits.files - entries, bytes: limits.bytes - used }
    return {
      maxEntries: Math.min(MAX_ENTRIES, rest.entries),
      maxBytes: Math.min(MAX_UNPACKED_BYTES, rest.bytes) + HEADER_BYTES,
      maxData: Math.min(expanded, rest.bytes),
      explain: bound => {
        if (bound === 'entries')
          return rest.entries < MAX_ENTRIES
            ? this.#exceeds(what, 'files').message
            : this.#refusal(what, `a tarball has at most ${MAX_ENTRIES} files and folders`)
        if (bound === 'bytes' && rest.bytes >= MAX_UNPACKED_BYTES)
          return this.#refusal(what, `a tarball unpacks to at most ${MAX_UNPACKED_BYTES} bytes`)
        return this.#exceeds(what, bound === 'data' && expanded < rest.bytes ? 'ratio' : 'bytes').message
      }
    }
  }

  #checkTries(what: string, kind: TarballOffer['kind']): void {
    const tries = this.#tries.get(placeOf(what, kind)) ?? 0
    if (tries < MAX_TRIES) return
    throw new BakError('not-allowed', this.#refusal(what, `${tries} tarballs of this kind came already`))
  }

  #exceeds(what: string, key: keyof ReceiveLimits): BakError {
    const { limits } = this.#init
    const { tarballs, entries, bytes, data, packed } = this.#used
    const used = {
      ...{ tarballs, files: entries, bytes },
      ratio: `${data} bytes of ${packed} packed, of which the first ${MAX_DATA_OF_SMALL_BYTES} do not count`
    }
    const why = `beyond receive_limits.${key} = ${limits?.[key]} for a member and run; it has used ${used[key]}`
    return new BakError('not-allowed', this.#refusal(what, why))
  }

  #refusal(what: string, why: string): string {
    return `${what} of ${this.#init.name} in ${this.#init.run}: ${why}`
  }
}

const placeOf = (what: string, kind: TarballOffer['kind']) => `${kind} ${what}`

const UNBOUNDED: Bounds = { maxData: Number.POSITIVE_INFINITY, explain: bound => `too many ${bound}` }
