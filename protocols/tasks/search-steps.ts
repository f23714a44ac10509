/**
 * Which value a search tries next. It doubles from the first value until one breaks a threshold, halves the way between the highest that holds and
 * the lowest that does not, and then confirms these two in turn, so that what changes with time is in both alike. A value that turns out to be
 * other than it seemed is taken at its word, and the search goes on from there. Pure.
 */

/** What is known of one value. */
export interface Tried {
  samples: number
  /** Each of which missed a threshold by itself, or failed. */
  over: number
  /** Whether they do together. */
  breaks: boolean
}

export interface SearchInit {
  /** Upwards. */
  values: number[]
  /** Of a value before it is judged. */
  samples: number
  /** Of the two values around the knee, in all. */
  confirm: number
}

/** @returns the highest value that holds below the lowest that does not, as far as they are known: their places, -1 for none */
export function boundsOf(tried: Tried[]): { holds: number; breaks: number } {
  const lowest = tried.findIndex(each => each.breaks)
  const below = lowest === -1 ? tried : tried.slice(0, lowest)
  return { holds: below.findLastIndex(({ samples }) => samples > 0), breaks: lowest }
}

/** @param tried for each value @returns the place of the value of which a sample is due; undefined when the knee is known */
export function nextValue(tried: Tried[], { values, samples, confirm }: SearchInit): number | undefined {
  const begun = tried.findIndex(each => each.samples > 0 && each.samples < samples)
  if (begun !== -1) return begun
  const most = Math.max(samples, confirm)
  const bounds = boundsOf(tried)
  const isSure = (place: number) => (tried[place]?.samples ?? 0) >= most
  if (bounds.breaks === -1) {
    if (bounds.holds === -1) return 0
    if (bounds.holds < values.length - 1) return doubled(values, bounds.holds)
    return isSure(bounds.holds) ? undefined : bounds.holds
  }
  if (bounds.holds === -1) return bounds.breaks > 0 ? 0 : isSure(0) ? undefined : 0
  if (bounds.breaks - bounds.holds > 1) return Math.floor((bounds.holds + bounds.breaks) / 2)
  const unsure = [bounds.holds, bounds.breaks].filter(place => !isSure(place))
  return unsure.sort((a, b) => (tried[a] as Tried).samples - (tried[b] as Tried).samples)[0]
}

/** @returns the place of the highest value that is at most twice as large, or of the next one */
function doubled(values: number[], place: number): number {
  const most = 2 * (values[place] as number) * (1 + 1e-9)
  return Math.max(
    place + 1,
    values.findLastIndex(value => value <= most)
  )
}
