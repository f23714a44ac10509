/** A run whose collectors have stopped: what is known of it to make series of what they have. */
import type { Clock } from '../../protocols/manifest.ts'
import type { CollectedMember } from './run-collectors.ts'

export interface CollectedRun {
  run: string
  /** Of the result. */
  folder: string
  /** When it began, ms since 1970. */
  began: number
  interval: number
  /** How far the clock of each was ahead of this machine's. */
  members: Array<CollectedMember & { clock: Clock }>
}
