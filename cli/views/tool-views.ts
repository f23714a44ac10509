/** What `bak tools` prints: a line for each tool, or all that is known of one. Pure. */
import { cleanLine } from '../../protocols/clean-line.ts'
import type { CallResponse } from '../../protocols/control.ts'
import type { DescribedTool, ToolDetail } from '../../protocols/describe-tools.ts'
import { listInWords } from '../../protocols/list-in-words.ts'
import { formatFacts, formatNote, terminalWidth } from '../../protocols/text-table.ts'
import { reasonOfTool } from '../../protocols/tool-reason.ts'

export type ToolsOfMember = CallResponse<'describe-tools'>

/** Members that are named in one line. */
const MOST_NAMES = 8
const INDENT = '    '
/** Columns that a text beside others needs at least. */
const MIN_ROOM = 24

/** A line for each tool, with the reasons below it of those members that cannot use it, or not fully. */
export function formatTools(answers: ToolsOfMember[], width = terminalWidth()): string {
  const here = answers.filter(({ error }) => error == null)
  const names = [...new Set(here.flatMap(({ tools }) => tools.map(({ tool }) => tool)))]
  const rows = names.map(name => {
    const found = here.flatMap(({ tools }) => tools.filter(({ tool }) => tool === name))
    const usable = found.filter(each => each.usable).length
    return { name, usable: `${usable} of ${here.length}`, summary: (found[0] as DescribedTool).summary }
  })
  const lines = hanging(
    ['TOOL', 'USABLE', ''],
    rows.map(({ name, usable, summary }) => [name, usable, summary]),
    width
  )
  const [head = '', ...tools] = lines
  const all = tools.flatMap((line, i) => [
    line,
    ...reasonsOf((rows[i] as (typeof rows)[number]).name, here).map(each => indented(each, width))
  ])
  return [head, ...all, ...notesOf(answers, width)].join('\n')
}

/** All of one tool: what it is, once for each way in which members have it, and where it can be used. */
export function formatTool(answers: ToolsOfMember[], width = terminalWidth()): string {
  const found = answers.flatMap(({ name, tools: [tool] }) => (tool == null ? [] : [{ member: name, tool }]))
  const kinds = [...Map.groupBy(found, ({ tool: { summary, detail } }) => JSON.stringify({ summary, detail })).values()]
  const parts = kinds.map(having => {
    const { tool } = having[0] as (typeof found)[number]
    const who = kinds.length === 1 ? [] : [`as ${listInWords(membersOf(having), MOST_NAMES)} have it`]
    return [...who, formatNote(`${tool.tool}: ${tool.summary}`, width), describe(tool, width)].join('\n')
  })
  const usable = found.filter(({ tool }) => tool.usable).length
  const rows = found.map(({ member, tool }) => [
    member,
    tool.usable ? 'yes' : 'no',
    tool.version ?? '-',
    whyOf(tool) ?? '-'
  ])
  const without = answers.filter(({ error, tools }) => error == null && tools.length === 0)
  const lacking = without.map(({ name, damaged: [broken] }) => [name, 'no', '-', broken?.why ?? 'it has no such tool'])
  const where = hanging(['MEMBER', 'USABLE', 'VERSION', 'REASON'], [...rows, ...lacking], width).join('\n')
  const absent = answers.flatMap(({ name, error }) => (error == null ? [] : [formatNote(`${name}: ${error}`, width)]))
  return [...parts, '', `usable on ${usable} of ${found.length + without.length}`, where, ...absent].join('\n')
}

function describe({ detail, owners }: DescribedTool, width: number): string {
  if (detail == null) return ''
  const { settings, files } = detail
  const facts = {
    'comes from': owners ? 'tools.d of its machine: it runs as the daemon does' : undefined,
    needs: needsInWords(detail),
    lifetime: lifetimeInWords(detail),
    'stopped by': detail.stop,
    'if it ends before': detail.on_end,
    words: detail.no_words == null ? 'what follows -- goes to the program' : `its options only: ${detail.no_words}`
  }
  const options = settings.map(({ name, type, default: usual, required, summary }) => [
    ...[name, type, required ? 'must be given' : usual == null ? '-' : String(usual), summary]
  ])
  return [
    formatFacts(facts, width),
    ...(options.length === 0 ? [] : ['', ...hanging(['OPTION', 'TYPE', 'DEFAULT', 'WHAT'], options, width)]),
    '',
    ...hanging(
      ['FILE', 'WHAT'],
      files.map(({ name, what }) => [name, what]),
      width
    )
  ].join('\n')
}

function needsInWords({ needs: { program, debian, fedora, privilege } }: ToolDetail): string {
  const packages = [debian != null && `Debian: ${debian}`, fedora != null && `Fedora: ${fedora}`].filter(Boolean)
  const from = packages.length === 0 ? '' : ` (${packages.join(', ')})`
  const parts = [
    ...(program == null ? [] : [`the program ${program}${from}`]),
    ...(privilege == null ? [] : [privilege])
  ]
  return parts.length === 0 ? 'nothing' : parts.join('; ')
}

function lifetimeInWords({ lifetime, either }: ToolDetail): string {
  const words =
    lifetime === 'transient' ? 'transient: from start to stop of each sample' : 'persistent: from init to end'
  return either ? `${words}, unless the run says otherwise` : words
}

/** @returns `a, b: not found on PATH`, a line for each reason */
function reasonsOf(name: string, here: ToolsOfMember[]): string[] {
  const given = here.flatMap(({ name: member, tools, damaged }) => {
    const found = tools.find(({ tool }) => tool === name)
    const broken = damaged.find(({ tool }) => tool === name)
    const why = found == null ? (broken?.why ?? 'it has no such tool') : whyOf(found)
    return why == null ? [] : [{ member, why }]
  })
  const grouped = [...Map.groupBy(given, ({ why }) => why)]
  return grouped.map(([why, having]) => `${listInWords(membersOf(having), MOST_NAMES)}: ${why}`)
}

const whyOf = (found: DescribedTool): string | undefined =>
  reasonOfTool(found) ?? (found.usable ? undefined : 'no reason was given')

/** Files that are no tools, and members that did not answer. */
function notesOf(answers: ToolsOfMember[], width: number): string[] {
  const shown = new Set(answers.flatMap(({ tools }) => tools.map(({ tool }) => tool)))
  const notes = answers.flatMap(({ name, damaged, error }) => [
    ...damaged.filter(({ tool }) => tool == null || !shown.has(tool)).map(({ why }) => `${name}: ${why}`),
    ...(error == null ? [] : [`${name}: ${error}`])
  ])
  return notes.length === 0 ? [] : ['', ...notes.map(note => formatNote(note, width))]
}

const membersOf = (having: Array<{ member: string }>) => having.map(({ member }) => member)

/** @returns a table, the last column of which is folded below itself; a row may have several lines. Where there is no room for it, it follows below. */
function hanging(head: string[], rows: string[][], width: number): string[] {
  const last = head.length - 1
  const cleaned = [head, ...rows].map(row => row.map(cleanLine))
  const widths = head.map((_, i) => Math.max(...cleaned.map(row => (row[i] as string).length)))
  const used = widths.slice(0, last).reduce((sum, each) => sum + each + 2, 0)
  const room = width - used
  return cleaned.map(row => {
    const columns = row.slice(0, last).map((cell, i) => cell.padEnd(widths[i] as number))
    if (room < MIN_ROOM) return `${columns.join('  ').trimEnd()}\n${indented(row[last] as string, width)}`.trimEnd()
    const lines = formatNote(row[last] as string, room + INDENT.length).split(`\n${INDENT}`)
    return [...columns, lines.join(`\n${' '.repeat(used)}`)].join('  ').trimEnd()
  })
}

const indented = (text: string, width: number) =>
  `${INDENT}${formatNote(text, width - INDENT.length)
    .split('\n')
    .join(`\n${INDENT}`)}`
