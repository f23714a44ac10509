/** Prints what a run would do, and determines the exit status that it would have. */
import type { Plan } from '../protocols/control.ts'
import { describeShortfalls } from '../protocols/shortfall.ts'
import { formatNote, formatTable } from '../protocols/text-table.ts'
import { isWhole, statusOf } from '../protocols/verdict.ts'
import type { Context } from './command.ts'
import { formatCommand, formatVerdict } from './format.ts'
import { describeMatrix, drawMatrix } from './matrix.ts'

/** @returns the exit status */
export async function printPlan({ json, print, printLines }: Context, plan: Plan, strict = false): Promise<number> {
  const { members, verdict, command } = plan
  if (json) await print(JSON.stringify(plan))
  else {
    await printLines(formatTable(['RANK', 'MEMBER', 'TOOLS', 'MISSING'], members.map(rowOf)))
    const matrix = drawMatrix(plan)
    if (matrix !== '') await printLines(`\n${matrix}`)
    const notes = [...facts(plan), ...describeMatrix(plan)]
    await printLines(`\n${notes.map(note => formatNote(note)).join('\n')}`)
    await print(`command: ${formatCommand(command)}`)
  }
  return statusOf(verdict, isWhole(plan), strict)
}

function rowOf({ rank, name, driver, tools, missing, excluded }: Plan['members'][number]) {
  const lacks = missing.map(({ tool, reason }) => reason ?? tool).join('; ')
  return [
    rank,
    driver ? `${name} (only drives)` : name,
    tools.map(({ tool }) => tool).join(' '),
    excluded == null ? lacks : `would not take part: ${excluded}`
  ]
}

function facts({ members, wait, shortfalls, verdict, partial, reason, needed }: Plan): string[] {
  const drivers = members.filter(({ driver }) => driver).length
  const asked = needed - drivers
  const lacks = describeShortfalls(shortfalls.filter(({ kind }) => kind !== 'tool'))
  return [
    ...(lacks.length === 0 ? [] : [`missing: ${lacks.join(', ')}`]),
    ...(wait == null ? [] : [`would wait ${wait} s for members that are not here`]),
    `${asked} ${asked === 1 ? 'member' : 'members'} must answer each phase${drivers === 0 ? '' : ', and the controller'}`,
    `would ${verdict === 'ok' ? 'run' : 'fail'}: ${formatVerdict(verdict)}${partial ? ', partial' : ''}${reason == null ? '' : `: ${reason}`}`
  ]
}
