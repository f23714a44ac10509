/** `bak check --noise`: asks the members whether they are fit to measure, and prints what stands out. */
import * as v from 'valibot'
import { exitStatus } from '../protocols/errors.ts'
import { levels, type MemberNoise, meaningOf, noiseFindings } from '../protocols/sysinfo/noise.ts'
import { formatNote, formatTable } from '../protocols/text-table.ts'
import type { Context } from './command.ts'
import { writeNotes } from './output.ts'
import { liveSysinfo, type MachineSysinfo } from './sysinfo-source.ts'

/** For so long the counters of a machine are watched, ms: a second has a hundred ticks of its clock. */
const WATCH_MS = 1_000

/** @returns 78 with `strict` if a member is not fit, or did not say whether it is */
export async function printNoise(
  context: Context,
  { on, strict = false }: { on?: string | undefined; strict?: boolean | undefined }
): Promise<number> {
  const members: MemberNoise[] = []
  const silent: Array<{ member: string; error: string }> = []
  for await (const machine of liveSysinfo(context, { on, items: ['noise'], watch: WATCH_MS })) {
    const found = findingsIn(machine)
    if (Array.isArray(found)) members.push({ name: machine.member, findings: found })
    else silent.push({ member: machine.member, error: found })
  }
  if (context.json) for (const line of asJson(members, silent)) await context.print(JSON.stringify(line))
  else await context.printLines(drawNoise(members))
  await writeNotes(silent.map(({ member, error }) => `bak: nothing of ${member}: ${error}`))
  const isFit = silent.length === 0 && members.every(({ findings }) => findings.every(({ level }) => level !== 'unfit'))
  return strict && !isFit ? exitStatus['tool-unavailable'] : 0
}

/** @returns why there are none */
function findingsIn({ files: [file], missing: [lack], error }: MachineSysinfo): MemberNoise['findings'] | string {
  if (file == null) return error ?? lack?.reason ?? 'it did not answer'
  try {
    return v.parse(v.object({ findings: noiseFindings }), JSON.parse(file.text)).findings
  } catch {
    return 'it answered in a way that this version does not know'
  }
}

const asJson = (members: MemberNoise[], silent: Array<{ member: string; error: string }>) => [
  ...members.flatMap(({ name: member, findings }) =>
    findings.map(finding => ({ member, ...finding, ...meaningOf(finding.fact) }))
  ),
  ...silent
]

/** Who is fit; a table with what stands out first; and below it why that matters. Pure. */
export function drawNoise(members: MemberNoise[], width?: number): string {
  const found = members.flatMap(({ name: member, findings }) => findings.map(each => ({ member, ...each })))
  const alike = [...Map.groupBy(found, ({ fact, value, level }) => JSON.stringify([fact, value, level])).values()]
  const shown = alike
    .map(each => ({ ...(each[0] as (typeof found)[number]), on: each.map(({ member }) => member) }))
    .filter(({ level }) => level !== 'fit')
    .sort((a, b) => levels.indexOf(b.level) - levels.indexOf(a.level))
  const rows = shown.map(({ fact, level, value, on }) => [
    fact,
    level,
    on.length === members.length ? 'all' : on.join(' '),
    value
  ])
  const notes = [...new Set(shown.map(({ fact }) => fact))].flatMap(fact => {
    const meaning = meaningOf(fact)
    return meaning == null ? [] : [formatNote(`${fact}: ${meaning.why}; ${meaning.remedy}`, width)]
  })
  const table = rows.length === 0 ? [] : ['', formatTable(['FACT', 'LEVEL', 'ON', 'VALUE'], rows, width)]
  return [
    ...verdicts(members).map(line => formatNote(line, width)),
    ...table,
    ...(notes.length > 0 ? ['', ...notes] : [])
  ]
    .join('\n')
    .trim()
}

/** `b, c: fit to measure in 14 facts`, `a: not fit: load, governor` */
function verdicts(members: MemberNoise[]): string[] {
  const unfit = members.map(({ name, findings }) => ({
    name,
    facts: findings.filter(({ level }) => level === 'unfit').map(({ fact }) => fact)
  }))
  const groups = [...Map.groupBy(unfit, ({ facts }) => facts.join(', '))].sort(([a], [b]) => b.length - a.length)
  return groups.map(([facts, each]) => {
    const who = each.map(({ name }) => name).join(', ')
    return facts === '' ? `${who}: fit to measure` : `${who}: not fit to measure: ${facts}`
  })
}
