/** The peers that this one is connected with. */
import type { Members } from './members.ts'

/** @returns at most so many of their ids */
export const neighboursOf = (members: Pick<Members, 'list'>, most: number): string[] =>
  members
    .list()
    .filter(({ path }) => path === 'direct' || path === 'relayed')
    .map(({ peer }) => peer)
    .slice(0, most)
