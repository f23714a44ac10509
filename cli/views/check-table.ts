/** What `bak check` prints: members by tools, or a line a tool where that is too wide; then why a tool is not usable, and on which members. Pure. */

import { listInWords } from '../../protocols/list-in-words.ts'
import { formatNote, formatTable, terminalWidth } from '../../protocols/text-table.ts'
import { reasonOfTool } from '../../protocols/tool-reason.ts'

export interface Finding {
  member: string
  tool: string
  state: 'usable' | 'degraded' | 'missing'
  version?: string
  reason?: string
}

/** Members that are named in one line. */
const MOST_NAMES = 8

/** @param tools in the order in which they were asked for */
export function formatFindings(tools: string[], findings: Finding[], width = terminalWidth()): string {
  const byMember = formatTable(['MEMBER', ...tools], memberRows(findings), Number.POSITIVE_INFINITY)
  const fits = byMember.split('\n').every(line => line.length <= width)
  const table = fits
    ? byMember
    : formatTable(['TOOL', 'USABLE', 'DEGRADED', 'MISSING'], toolRows(tools, findings), width)
  const notes = notesOf(findings).map(note => formatNote(note, width))
  return [table, ...(notes.length === 0 ? [] : ['', ...notes])].join('\n')
}

const memberRows = (findings: Finding[]) =>
  [...Map.groupBy(findings, ({ member }) => member)].map(([member, its]) => [member, ...its.map(({ state }) => state)])

const toolRows = (tools: string[], findings: Finding[]) =>
  tools.map(tool => {
    const its = findings.filter(each => each.tool === tool)
    const count = (state: Finding['state']) => its.filter(each => each.state === state).length || undefined
    return [tool, `${count('usable') ?? 0} of ${its.length}`, count('degraded'), count('missing')]
  })

/** `a, b: perf is missing: why`, once for each reason. */
function notesOf(findings: Finding[]): string[] {
  const said = findings
    .filter(({ state }) => state !== 'usable')
    .map(found => ({
      member: found.member,
      what: `${found.tool} is ${found.state}: ${reasonOfTool(found) ?? 'no reason was given'}`
    }))
  return [...Map.groupBy(said, ({ what }) => what)].map(([what, its]) => {
    const members = its.map(({ member }) => member)
    return `${listInWords(members, MOST_NAMES)}: ${what}`
  })
}
