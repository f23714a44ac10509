/** What `bak verify` found out about a folder. */
import type { Unreadable } from '../folder-digests.ts'
import type { Role } from '../membership.ts'

export interface Fault {
  /** Path of a file in the folder. */
  where: string
  what: string
}

/** Who sealed a result. */
export interface Origin {
  by: string
  /** Who made it; another peer than `by` where the result was handed over. */
  controller: { peer: string; name: string }
  /** In which mesh the controller was proven to have which role. */
  mesh?: string
  role?: Role | 'founder'
  /** Whether it is who the caller named. */
  named: boolean
}

export interface Report {
  /** Nothing is wrong with it; that proves nothing of what is `unproven`, nor who made it unless `origin.named`. */
  ok: boolean
  run: string
  origin?: Origin
  checked: { files: number; certificates: number; acks: number; signatures: number }
  /** What the seal itself says is not here: files of members that were not taken, and why. */
  absent: Unreadable[]
  /** What nobody's signature covers, and why: also what could not be read for the seal. */
  unproven: Unreadable[]
  /** Files that were made of it later: they are beside what is sealed, and nothing says by whom. */
  beside: string[]
  faults: Fault[]
}

export const isAtOrBelow = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`)
