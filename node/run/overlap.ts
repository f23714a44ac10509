/** Which other runs measure on the members of a run at the same time. Pure. */
import type { FollowedRun } from './run-feed.ts'

export interface Overlap {
  run: string
  /** Peer ids: of the controller of the other run, and of the members that both have. */
  controller: string
  peers: string[]
}

/**
 * @param members peer ids of the run's own members
 * @param isHere whether a controller can be reached; a run whose controller is lost does not go on
 */
export function overlapsOf(
  run: string,
  members: Iterable<string>,
  runs: Array<Pick<FollowedRun, 'run' | 'lead' | 'members'>>,
  isHere: (peer: string) => boolean
): Overlap[] {
  const own = [...members]
  return runs
    .filter(other => other.run !== run && isHere(other.lead.by))
    .map(other => ({ run: other.run, controller: other.lead.by, peers: own.filter(peer => other.members.has(peer)) }))
    .filter(({ peers }) => peers.length > 0)
}
