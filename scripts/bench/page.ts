/** `docs/bench.md`: the table that the command printed last; and what profiles say of budgets that are missed. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '../bundle.ts'
import { verdicts, WORDS } from './figure.ts'
import { inWords, type Machine } from './machine.ts'
import { inMarkdown, type Measured } from './report.ts'
import { profilesIn, profileTables, whySection, withProfile } from './why.ts'

/** Longest that a part and all parts may take, so that measuring stays something one does often. */
const LIMITS_S = { part: 180, whole: 900 }
const FOLDER = join(root, 'docs')
const PAGE = join(FOLDER, 'bench.md')

const HEAD = `# What bak costs, beside others

Written by \`npm run bench -- --write\`; \`npm run bench -- --help\` tells how it is measured. Everything runs as processes of one
machine, over loopback, in turn with what it is compared with, after a warm-up that is not counted; the spread is the least
and the largest repetition, with their number. The last column but one is bak's median over the other's, the last the budget
of the design. What could not be measured is absent, and says why.`

/** @param beside a section with the figures of another commit */
export async function writePage(measured: Measured[], machine: Machine, beside?: string): Promise<void> {
  await mkdir(FOLDER, { recursive: true })
  await writeFile(PAGE, pageOf(measured, machine, { kept: profilesIn(await pageBefore()), beside }))
}

/** @param kept what profiles said before, by part */
export function pageOf(
  measured: Measured[],
  machine: Machine,
  { kept = new Map(), beside }: { kept?: Map<string, string>; beside?: string } = {}
): string {
  const about = [`${inWords(machine)}.`, '', durations(measured), '', budgets(measured), '']
  const after = beside == null ? [] : [beside]
  return [HEAD, '', ...about, inMarkdown(measured), ...after, ...whySection(measured, kept)].join('\n')
}

/** Leaves all else of the page as it is. @returns the parts of which the page has no missed budget */
export async function writeProfiles(measured: Measured[], machine: Machine): Promise<string[]> {
  let page = await pageBefore()
  const unknown: string[] = []
  for (const { part, profiled = [] } of measured) {
    const text = profileTables(profiled, `commit ${machine.commit}, ${machine.day}`)
    const next = profiled.length === 0 ? undefined : withProfile(page, part, text)
    if (next == null) unknown.push(part)
    else page = next
  }
  if (unknown.length < measured.length) await writeFile(PAGE, page)
  return unknown
}

const pageBefore = () => readFile(PAGE, 'utf8').catch(() => '')

function durations(measured: Measured[]): string {
  const whole = measured.reduce((sum, { took }) => sum + took, 0)
  const parts = measured.map(({ part, took, failed }) =>
    marked(`${part} ${failed ? 'failed after ' : ''}${took.toFixed(0)} s`, took > LIMITS_S.part)
  )
  const all = marked(`${whole.toFixed(0)} s in all`, whole > LIMITS_S.whole)
  return `Measuring took ${all} (at most ${LIMITS_S.whole} s) and for each part (at most ${LIMITS_S.part} s): ${parts.join(', ')}.`
}

const marked = (text: string, tooLong: boolean) => (tooLong ? `**${text}: too long**` : text)

function budgets(measured: Measured[]): string {
  const all = measured.flatMap(({ figures }) => figures).flatMap(verdicts)
  const counts = Object.entries(WORDS).map(([verdict, words]) => {
    return `${all.filter(each => each.verdict === verdict).length} ${words}`
  })
  return `Budgets: ${counts.join(', ')}.`
}
