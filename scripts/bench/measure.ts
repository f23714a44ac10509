/** Numbers out of repetitions: what stands in the middle, how far they lie apart, and how contenders are repeated in turn. */

export interface Summary {
  median: number
  low: number
  high: number
  count: number
}

/** @throws where there are no samples: nothing was measured then, and nothing may be said */
export function summarise(samples: number[]): Summary {
  const sorted = samples.toSorted((a, b) => a - b)
  const [low] = sorted
  if (low == null || sorted.some(sample => !Number.isFinite(sample))) {
    throw new RangeError(`no figure can be made of [${samples.join(', ')}]`)
  }
  return { median: quantile(sorted, 0.5), low, high: sorted.at(-1) as number, count: sorted.length }
}

export function median(samples: number[]): number {
  return summarise(samples).median
}

/** @param sorted from the least to the largest; @param q 0 to 1; between two samples it lies on the line that joins them */
export function quantile(sorted: number[], q: number): number {
  const at = (sorted.length - 1) * q
  const below = sorted[Math.floor(at)] as number
  const above = sorted[Math.ceil(at)] as number
  return below + (above - below) * (at - Math.floor(at))
}

/** Something that can be measured again and again, beside others. */
export interface Contender {
  name: string
  /** Measures once. @returns figures by name, each already the middle of what it saw */
  round(): Promise<Record<string, number>>
  /** Fewer repetitions than the others, and no warm-up, for one that takes long. */
  rounds?: number
}

/** What cannot be measured here, and why. */
export interface Absent {
  name: string
  absent: string
}

export type Entrant = Contender | Absent

/** What came of an entrant: figures by name, one number a repetition. */
export type Outcome = { name: string; samples: Record<string, number[]> } | Absent

/** @returns what cannot be started as absent, with the reason */
export async function enter(name: string, start: () => Promise<Entrant>): Promise<Entrant> {
  try {
    return await start()
  } catch (cause) {
    return { name, absent: (cause as Error).message }
  }
}

export interface Repetitions {
  rounds: number
  /** Runs of each that are not counted. */
  warmUps: number
  /** So that each begins alike. */
  before?(): Promise<void>
}

/**
 * Measures contenders in turn, so that whatever else the machine does meets them all alike; each second time round in the
 * opposite order. One that fails is absent from then on, with the reason: the others are still worth having.
 */
export async function alternate(entrants: Entrant[], { rounds, warmUps, before }: Repetitions): Promise<Outcome[]> {
  const outcomes = new Map<string, Outcome>(
    entrants.map(entrant => [entrant.name, 'absent' in entrant ? entrant : { name: entrant.name, samples: {} }])
  )
  const contenders = entrants.filter(entrant => 'round' in entrant)
  for (let turn = -warmUps; turn < rounds; turn++) {
    for (const contender of turn % 2 === 0 ? contenders : contenders.toReversed()) {
      const outcome = outcomes.get(contender.name) as Outcome
      if ('absent' in outcome) continue
      if (contender.rounds != null && (turn < 0 || turn >= contender.rounds)) continue
      try {
        await before?.()
        const figures = await contender.round()
        if (turn >= 0) add(outcome.samples, figures)
      } catch (cause) {
        outcomes.set(contender.name, { name: contender.name, absent: (cause as Error).message })
      }
    }
  }
  return [...outcomes.values()]
}

function add(samples: Record<string, number[]>, figures: Record<string, number>): void {
  for (const [name, value] of Object.entries(figures)) samples[name] = [...(samples[name] ?? []), value]
}
