/** Why a budget is missed: what the processor was busy with, by a profile that the command took. */
import { BAK, type Figure, round, verdicts } from './figure.ts'
import { OTHER } from './groups.ts'
import { summarise } from './measure.ts'
import type { Profiled } from './profile.ts'
import type { Measured } from './report.ts'

/** Groups with a line of their own. */
const MAX_GROUPS = 6
const HEAD = `## Why budgets are missed

What processors were busy with meanwhile, by profiles of their own: \`npm run bench -- PART --profile --write\` takes them, and leaves
all else on this page. Programs that write profiles are slower, and run from their sources; so shares count here, and not sums.`

/** @param kept what the page said before of profiles, by part @returns a section, or nothing where no budget is missed */
export function whySection(measured: Measured[], kept: Map<string, string>): string[] {
  const parts = measured.flatMap(({ part, figures }) => {
    const missed = figures.flatMap(missedOf)
    if (missed.length === 0) return []
    const profile = kept.get(part) ?? `Not profiled: \`npm run bench -- ${part} --profile --write\` says why.`
    return [`### ${part}`, missed.join('\n'), between(part, profile)]
  })
  return parts.length === 0 ? [] : [[HEAD, ...parts].join('\n\n'), '']
}

function missedOf(figure: Figure): string[] {
  const missed = verdicts(figure).filter(({ verdict }) => verdict === 'missed')
  if (missed.length === 0) return []
  return [`- ${figure.what}: ${medianOf(figure)} instead of ${missed.map(({ says }) => says).join(' and ')}`]
}

/** A figure that compares bak with itself has no one number. */
function medianOf({ entries, key, unit }: Figure): string {
  const ours = entries.find(({ name }) => name === BAK)
  if (ours == null || 'absent' in ours) return 'more'
  return `${round(summarise(ours.samples[key] as number[]).median)} ${unit}`
}

/** @returns what a page says of profiles, by part */
export function profilesIn(page: string): Map<string, string> {
  const found = page.matchAll(/<!-- profile of (\S+) -->\n([\s\S]*?)\n<!-- end -->/g)
  return new Map([...found].map(([, part, text]) => [part as string, (text as string).trim()]))
}

/** @returns the same page with another profile of a part; undefined where the page has no budget that the part misses */
export function withProfile(page: string, part: string, text: string): string | undefined {
  if (!profilesIn(page).has(part)) return undefined
  const [begin, rest] = page.split(`<!-- profile of ${part} -->\n`) as [string, string]
  return `${begin}${between(part, text)}${rest.slice(rest.indexOf('<!-- end -->') + '<!-- end -->'.length)}`
}

const between = (part: string, text: string) => `<!-- profile of ${part} -->\n\n${text}\n\n<!-- end -->`

/** @param stamp commit and day @returns one table for each thing that was measured */
export function profileTables(profiled: Profiled[], stamp: string): string {
  return profiled.map(each => profileTable(each, stamp)).join('\n\n')
}

function profileTable({ what, times, elapsed, groups }: Profiled, stamp: string): string {
  const sum = (of: typeof groups) => ({
    controller: of.reduce((all, { controller }) => all + controller, 0),
    members: of.reduce((all, { members }) => all + members, 0)
  })
  const all = sum(groups)
  const busy = ((100 * all.controller) / elapsed).toFixed(0)
  const shown = groups.filter(({ name }) => name !== OTHER).slice(0, MAX_GROUPS)
  const rest = groups.filter(group => !shown.includes(group))
  const rows = [...shown, ...(rest.length > 0 ? [{ name: OTHER, ...sum(rest) }] : []), { name: 'sum', ...all }].map(
    ({ name, controller, members }) => {
      const share = (100 * (controller + members)) / (all.controller + all.members || 1)
      return `| ${name} | ${round(controller)} | ${round(members)} | ${share.toFixed(0)} % |`
    }
  )
  return [
    `Of ${what} (${times} times, ${round(elapsed)} ms each, the controller busy for ${busy} %; ${stamp}):`,
    '',
    '| busy with | controller, ms | all members, ms | share |',
    '| --- | --- | --- | --- |',
    ...rows
  ].join('\n')
}
