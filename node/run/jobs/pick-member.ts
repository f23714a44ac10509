/** Which of the members that could take a job now is offered it. Pure. */

/** What is known of the slots of a member, offers among those that are taken. */
export interface Usage {
  max: number
  taken: number
  rank: number
}

/**
 * @param heldBy bytes of the job's inputs that a member has
 * @returns the one whose slots are used least; of these the one that has most of its inputs; of these the first by rank
 */
export function pickMember<Member extends Usage>(members: Member[], heldBy: (member: Member) => number) {
  const least = Math.min(...members.map(useOf))
  const idle = members.filter(member => useOf(member) === least)
  if (idle.length < 2) return idle[0]
  const held = new Map(idle.map(member => [member, heldBy(member)]))
  return idle.reduce((a, b) => {
    const more = (held.get(b) as number) - (held.get(a) as number)
    return more > 0 || (more === 0 && b.rank < a.rank) ? b : a
  })
}

const useOf = ({ max, taken }: Usage): number => (max > 0 ? taken / max : 1)
