/** Which colour a part has: names of the style sheet, Okabe and Ito's palette, which the colour-blind can tell. */

/** In the order in which they are given to parts without a meaning of their own. */
const ORDER = ['--blue', '--orange', '--green', '--purple', '--sky', '--vermillion', '--grey']

/** Parts that always have the same colour; words of a name are looked for. */
const KNOWN: Array<[RegExp, string]> = [
  [/\b(user|rx|read|reads|some|running|used)\b/i, '--blue'],
  [/\b(system|full|blocked)\b/i, '--vermillion'],
  [/\b(iowait|tx|write|writes)\b/i, '--orange'],
  [/\b(irq|softirq|buffers)\b/i, '--purple'],
  [/\b(nice|guest|cached)\b/i, '--sky'],
  [/\b(steal|free|idle)\b/i, '--grey']
]

/** @returns the names of variables of the style sheet, each once while they last */
export function coloursOf(parts: string[]): string[] {
  const taken = new Set<string>()
  const known = parts.map(part => KNOWN.find(([words]) => words.test(part.replaceAll(/[._]/g, ' ')))?.[1])
  const first = known.map(colour => {
    if (colour == null || taken.has(colour)) return undefined
    taken.add(colour)
    return colour
  })
  const rest = ORDER.filter(colour => !taken.has(colour))
  return first.map((colour, index) => colour ?? rest.shift() ?? (ORDER[index % ORDER.length] as string))
}

/** The phases in which a run measures stand out, what comes before and after does not. */
const PHASES: Record<string, string> = {
  join: '--phase-quiet',
  stage: '--phase-data',
  sysinfo: '--phase-quiet',
  init: '--phase-quiet',
  start: '--phase-tools',
  work: '--phase-work',
  stop: '--phase-tools',
  send: '--phase-data',
  end: '--phase-data',
  terminate: '--phase-quiet'
}

export const phaseColour = (phase: string): string => PHASES[phase] ?? '--phase-quiet'
