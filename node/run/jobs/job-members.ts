/** The members of a run as its jobs see them: what each has for jobs, as it said when it joined. Pure. */
import type { RosterEntry } from '../../../protocols/manifest.ts'
import { parseSelector, type Selectable } from '../selector.ts'
import type { JobMember } from './eligible.ts'

/**
 * @param selectable what selectors know of each peer, by peer id, as it was when the run was offered
 * @returns those that may be offered jobs, and still take part
 */
export function jobMembersOf(
  roster: RosterEntry[],
  { active, selectable }: { active: Pick<Map<string, unknown>, 'has'>; selectable: Map<string, Selectable> }
): JobMember[] {
  return roster
    .filter(({ peer, jobs }) => jobs != null && active.has(peer))
    .map(({ peer, name, rank, capabilities: { cores, jobs } }) => {
      const known = selectable.get(peer) ?? { peer, name, labels: {} }
      const { slots, why, memory, platform, images } = jobs ?? {
        ...NOTHING,
        why: `${name} runs no jobs: its bak is older`
      }
      const about = { peer, name, rank, cores, memory, platform, slots }
      return { ...about, fits: fitsOf(known), ...(why == null ? {} : { why }), ...(images == null ? {} : { images }) }
    })
}

const NOTHING = { slots: 0, memory: 0, platform: '', images: undefined }

/** Thousands of jobs have few selectors. */
export function fitsOf(peer: Selectable): (selector: string) => boolean {
  const known = new Map<string, boolean>()
  return selector => {
    const fits = known.get(selector) ?? parseSelector(selector)(peer)
    known.set(selector, fits)
    return fits
  }
}
