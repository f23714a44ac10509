/** What became of the files of one tarball: how much was packed, and what was left out or renamed, by name. */
import { posix } from 'node:path'
import { fileLine, folderLine, LINE_BYTES, MAX_LIST_BYTES } from '../../protocols/file-list.ts'
import { packedName, rawOf, sealedName } from '../../protocols/file-names.ts'
import type { FileDigest } from '../../protocols/folder-digests.ts'
import { MAX_DATA_OF_SMALL_BYTES, MAX_ENTRIES, MAX_UNPACKED_BYTES, maxDataOf } from '../../protocols/tarball.ts'

const { dirname } = posix

export interface LeftOut {
  /** Relative to the root of the tarball. */
  raw: string
  reason: string
  /** Its content is not in the tarball, under whatever name. */
  isLost: boolean
  /** It stays on the member until somebody collects or drops it. */
  isKept: boolean
}

interface PackReportInit {
  /** What the receiver takes of another peer; without limits if this is left out. */
  isBounded?: boolean
  /** Raw paths that are left out, since a tarball with them would unpack to more than it may. */
  without?: Set<string>
}

/** Names in the warnings of one tarball; all are in its `missing.txt`. */
const MAX_WARNINGS = 8
const MAX_PATH_LENGTH = 200

export class PackReport {
  readonly left: LeftOut[] = []
  readonly #init: PackReportInit
  readonly #data: { raw: string; bytes: number }[] = []
  files = 0
  /** Lines of the list of files (protocols/file-list.ts), in the order of the archive. */
  readonly #lines: string[] = []
  /** Folders without files so far, as they are in the archive. */
  readonly #empty = new Set<string>()
  #entries = 0
  #listed = 0
  /** With holes. */
  #bytes = 0

  constructor(init: PackReportInit = {}) {
    this.#init = init
  }

  /** Bytes that are no holes. */
  get data(): number {
    return this.#data.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** Files and folders whose content does not reach the receiver. */
  get lost(): number {
    return this.left.filter(({ isLost }) => isLost).length
  }

  /** @returns raw paths of what stays on the member */
  get kept(): Set<string> {
    return new Set(this.left.filter(({ isKept }) => isKept).map(({ raw }) => raw))
  }

  leave(raw: string, reason: string, { isLost = true, isKept = true } = {}): void {
    this.left.push({ raw, reason, isLost, isKept })
  }

  /** Counts one file or folder. @returns why it is beyond the bounds of the receiver */
  admit(raw: string, size: number, name: string): string | undefined {
    const { isBounded, without } = this.#init
    if (without?.has(raw)) return 'the tarball would unpack to more than its receiver takes'
    if (isBounded && this.#bytes + size > MAX_UNPACKED_BYTES) return `beyond ${MAX_UNPACKED_BYTES} bytes of one tarball`
    // one for each missing.txt, of at most two folders a group
    if (isBounded && this.#entries + 1 > MAX_ENTRIES - 512) return `beyond ${MAX_ENTRIES} files of one tarball`
    const line = LINE_BYTES + Buffer.byteLength(name)
    if (isBounded && this.#listed + line > MAX_LIST_BYTES) return `beyond ${MAX_LIST_BYTES} bytes of names`
    this.#listed += line
    this.#entries++
    this.#bytes += size
    return undefined
  }

  packed(raw: string, bytes: number): void {
    this.files++
    this.#data.push({ raw, bytes })
  }

  /** What the archive has, by its name there, for the list that the member signs. A folder has no digest. */
  list(name: string, digest?: FileDigest): void {
    const path = sealedName(rawOf(name))
    this.#empty.delete(dirname(path))
    if (digest == null) this.#empty.add(path)
    else this.#lines.push(fileLine(path, digest))
  }

  /** The text of that list. */
  get listed(): Uint8Array {
    return Buffer.from([...this.#lines, ...[...this.#empty].map(folderLine)].join(''))
  }

  /** @returns the largest files, without which the tarball is within the bounds whatever its size; none if it is already */
  tooMuch(packedBytes: number): Set<string> {
    let rest = this.data
    if (!this.#init.isBounded || rest <= maxDataOf(packedBytes)) return new Set()
    const left = new Set<string>()
    for (const { raw, bytes } of this.#data.toSorted((a, b) => b.bytes - a.bytes)) {
      if (rest <= MAX_DATA_OF_SMALL_BYTES) break
      left.add(raw)
      rest -= bytes
    }
    return left
  }

  /** For the acknowledgement. */
  warnings(): string[] {
    const lines = this.left.slice(0, MAX_WARNINGS).map(lineOf)
    const rest = this.left.length - lines.length
    return rest === 0 ? lines : [...lines, `${rest} more are named in missing.txt`]
  }
}

/** @returns `path: reason` */
export const lineOf = ({ raw, reason }: LeftOut): string => `${shortened(packedName(raw))}: ${reason}`

const shortened = (path: string) =>
  path.length <= 2 * MAX_PATH_LENGTH ? path : `${path.slice(0, MAX_PATH_LENGTH)}...${path.slice(-MAX_PATH_LENGTH)}`
