/** How figures are shown: lines for a terminal, a table for docs, JSON for programs. */
import { BAK, type Figure, round, verdicts, WORDS } from './figure.ts'
import { type Outcome, summarise } from './measure.ts'
import type { Profiled } from './profile.ts'

/** Figures of one part, as they came. */
export interface Measured {
  part: string
  figures: Figure[]
  /** s */
  took: number
  /** Where bak's processor time went, where that was asked for. */
  profiled?: Profiled[]
  /** It broke off; its figures are those until then. */
  failed?: boolean
}

/** One line of the table. */
interface Row {
  of: string
  median: string
  spread: string
  /** What bak is of it. */
  ratio: string
}

/** @returns the figure as lines of text */
export function inText(figure: Figure): string {
  const { what, unit, note } = figure
  const lines = rowsOf(figure).map(({ of, median, spread, ratio }) =>
    `  ${of.padEnd(20)} ${median.padStart(9)}  ${spread.padEnd(24)} ${ratio}`.trimEnd()
  )
  const budgets = verdicts(figure).map(({ says, verdict }) => `  budget ${says}: ${WORDS[verdict]}`)
  return [`${what}, ${unit}`, ...lines, ...budgets, ...(note == null ? [] : [`  ${note}`]), ''].join('\n')
}

/** @returns all figures as one table of Markdown, and their notes below it */
export function inMarkdown(measured: Measured[]): string {
  const figures = measured.flatMap(each => each.figures)
  const rows = figures.flatMap(figure => {
    const budgets = verdicts(figure).map(({ says, verdict }) => `${says}: **${WORDS[verdict]}**`)
    return rowsOf(figure).map(({ of, median, spread, ratio }, i) => {
      const head = i === 0 ? `${figure.what}, ${figure.unit}` : ''
      return cells([head, of, median, spread, ratio, i === 0 ? budgets.join('; ') : ''])
    })
  })
  const notes = figures.flatMap(({ what, note }) => (note == null ? [] : [`- ${what}: ${note}.`]))
  const head = [cells(['what', 'of', 'median', 'spread', 'bak is', 'budget']), cells(Array(6).fill('---'))]
  return [...head, ...rows, '', ...notes, ''].join('\n')
}

export function inJson(measured: Measured[], about: object): string {
  const parts = measured.map(({ part, took, figures }) => ({
    part,
    took,
    figures: figures.map(figure => ({
      what: figure.what,
      unit: figure.unit,
      note: figure.note,
      budgets: verdicts(figure),
      entries: figure.entries.map(entry => {
        if ('absent' in entry) return entry
        const samples = entry.samples[figure.key] as number[]
        return { name: entry.name, ...summarise(samples), ratio: ratioTo(figure, entry), samples }
      })
    }))
  }))
  return `${JSON.stringify({ ...about, parts }, null, 2)}\n`
}

function rowsOf(figure: Figure): Row[] {
  return figure.entries.map(entry => {
    if ('absent' in entry) return { of: entry.name, median: '-', spread: `absent: ${entry.absent}`, ratio: '' }
    const { median, low, high, count } = summarise(entry.samples[figure.key] as number[])
    const ratio = ratioTo(figure, entry)
    const spread = count === 1 ? 'once' : `${round(low)} to ${round(high)} (${count})`
    return { of: entry.name, median: round(median), spread, ratio: ratio == null ? '' : `${round(ratio)} x` }
  })
}

/** @returns bak's median over that of another */
function ratioTo({ entries, key }: Figure, entry: Outcome): number | undefined {
  const ours = entries.find(({ name }) => name === BAK)
  if (ours == null || ours === entry || 'absent' in ours || 'absent' in entry) return undefined
  const [mine, theirs] = [ours, entry].map(each => summarise(each.samples[key] as number[]).median) as [number, number]
  return theirs === 0 ? undefined : mine / theirs
}

const cells = (texts: string[]) => `| ${texts.map(text => text.replaceAll('|', '\\|')).join(' | ')} |`
