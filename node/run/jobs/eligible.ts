/** Which members may run a job, and why none can. Pure. */
import type { Job } from '../../../protocols/jobs/job.ts'

export interface JobMember {
  peer: string
  name: string
  rank: number
  fits(selector: string): boolean
  cores: number
  /** Bytes. */
  memory: number
  platform: string
  /** All that it has for jobs; 0 where its owner lets this run have none, for the reason `why`. */
  slots: number
  why?: string
  /** Images of jobs of this run that it has, and its owner lets them run in; left out where it runs no images. */
  images?: string[]
}

export type Requirements = Pick<Job, 'on' | 'cores' | 'memory' | 'platform' | 'image' | 'slots'>

/** One thing that a job may ask of its member. */
interface Requirement {
  /** @returns why this member does not do, behind its name */
  lacks(job: Requirements, member: JobMember): string | undefined
  /** @returns what the job asks and the best of the members has; none of them does */
  best(job: Requirements, members: JobMember[]): string
}

/** Members that are named where each lacks something else. */
const MAX_NAMED = 4

const requirements: Requirement[] = [
  {
    lacks: ({ on }, member) => (member.fits(on) ? undefined : `does not fit ${on}`),
    best: ({ on }) => `no member fits ${on}`
  },
  {
    lacks: (_, { slots, why }) => (slots > 0 ? undefined : (why ?? 'runs no jobs of this run')),
    best: (_, members) => `no member runs jobs of this run: ${members.map(whyNoSlots).slice(0, MAX_NAMED).join('; ')}`
  },
  {
    lacks: ({ cores }, member) => (member.cores >= cores ? undefined : `has ${member.cores} of ${cores} cores`),
    best: ({ cores }, members) => `it needs ${cores} cores, ${most(members, 'cores', String)}`
  },
  {
    lacks: ({ memory }, member) =>
      member.memory >= memory ? undefined : `has ${inGib(member.memory)} of ${inGib(memory)} memory`,
    best: ({ memory }, members) => `it needs ${inGib(memory)} of memory, ${most(members, 'memory', inGib)}`
  },
  {
    lacks: ({ platform }, member) =>
      platform == null || member.platform === platform ? undefined : `is ${member.platform}, not ${platform}`,
    best: ({ platform }, members) => `it needs ${platform}, and there is ${once(members.map(each => each.platform))}`
  },
  {
    lacks: ({ image }, member) =>
      image == null || member.images?.includes(image) ? undefined : whyNoImage(member, image),
    best: ({ image }, members) =>
      members.some(({ images }) => images != null)
        ? `it needs the image ${image}, which no member has and lets this run use (allow.images)`
        : `it needs the image ${image}, and no member runs images`
  },
  {
    // one without any is said to have none
    lacks: ({ slots }, member) =>
      member.slots === 0 || member.slots >= slots ? undefined : `has ${member.slots} of ${slots} slots`,
    best: ({ slots }, members) => `it takes ${slots} slots, ${most(members, 'slots', String)}`
  }
]

/** @returns why a member may not run a job, behind its name: `has 4 of 8 cores`; undefined if it may */
export function whyNot(job: Requirements, member: JobMember): string | undefined {
  for (const { lacks } of requirements) {
    const why = lacks(job, member)
    if (why != null) return why
  }
  return undefined
}

/**
 * @param out reasons why members that could are out, by peer
 * @returns why no member may run it: what it asks and none has, or else what each of them lacks
 */
export function whyNobody(job: Requirements, members: JobMember[], out: Map<string, string> = new Map()): string {
  if (members.length === 0) return 'there is no member that runs jobs'
  const fitting = members.filter(({ fits }) => fits(job.on))
  // of those that are not meant nobody asks what they lack
  const meant = fitting.length > 0 ? fitting : members
  const unmet = requirements.filter(({ lacks }) => meant.every(member => lacks(job, member) != null))
  if (unmet.length > 0) return unmet.map(({ best }) => best(job, meant)).join('; ')
  const named = meant.map(each => `${each.name} ${whyNot(job, each) ?? out.get(each.peer) ?? 'is out'}`)
  const more = named.length > MAX_NAMED ? [`${named.length - MAX_NAMED} more`] : []
  return `no member can run it: ${[...named.slice(0, MAX_NAMED), ...more].join('; ')}`
}

const whyNoSlots = ({ name, why }: JobMember) => `${name} ${why ?? 'has no slots'}`

const whyNoImage = ({ images }: JobMember, image: string): string =>
  images == null ? 'runs no images' : `has no image ${image}, or its owner does not allow it (allow.images)`

function most(members: JobMember[], of: 'cores' | 'memory' | 'slots', inWords: (amount: number) => string): string {
  const best = members.reduce((a, b) => (b[of] > a[of] ? b : a))
  return `and the most is ${inWords(best[of])}, on ${best.name}`
}

const once = (texts: string[]): string => [...new Set(texts)].sort().join(', ')

const inGib = (bytes: number): string => `${Number((bytes / 1024 ** 3).toFixed(2))} GiB`
