/** What is counted in the state of a run: members, bytes, time. Pure. */
import type { Progress } from './progress.ts'

/** @returns how many members are still in the run */
export const countPresent = ({ members, troubles, lost }: Progress) =>
  Math.max(0, members.length - troubles.filter(({ excluded }) => excluded).length - lost.length)

/** @returns bytes received, with the received part of tarballs in transfer */
export const countBytes = ({ received, transfers }: Progress) =>
  Object.values(transfers).reduce((sum, { done }) => sum + done, received)

/** @returns ms since the run was created; its duration if it has ended */
export const elapsedAt = ({ created, ended }: Progress, now: number) =>
  ended?.took ?? Math.max(0, now - (created ?? now))
