/** `bak members --slots`: how many jobs each member can run at once, and which runs take its slots just now. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { CallResponse } from '../protocols/control.ts'
import { callDaemon } from '../protocols/control-http.ts'
import { BakError, exitStatus } from '../protocols/errors.ts'
import { formatTable } from '../protocols/text-table.ts'
import type { Context } from './command.ts'
import { cleanLine, writeNotes } from './output.ts'

/** With --watch: between two looks, ms. */
const LOOK_MS = 1_000

export type MemberSlots = CallResponse<'slots'>

interface Options {
  on?: string | undefined
  watch?: boolean | undefined
  label?: Record<string, string>
}

export async function showSlots(context: Context, { on, watch = false, label = {} }: Options): Promise<number> {
  const { json, print, printLines } = context
  const [named] = Object.entries(label)
  if (named != null) throw new BakError('usage', `--slots takes a selector: --on ${named.join('=')}`)
  const block =
    watch && !json && process.stdout.isTTY ? (await import('./block.ts')).createBlock(process.stdout) : undefined
  for (;;) {
    const members = await slotsNow(context, on)
    const silent = members.filter(({ error }) => error != null)
    if (json) await print(JSON.stringify({ members }))
    else if (block != null) block.draw(formatSlots(members).split('\n').map(cleanLine).join('\n'))
    else await printLines(formatSlots(members))
    if (!watch) {
      if (!json) await writeNotes(silent.map(({ name, error }) => `${name} did not answer: ${error}`))
      return silent.length > 0 ? exitStatus.partial : 0
    }
    await sleep(LOOK_MS)
  }
}

async function slotsNow({ socket }: Pick<Context, 'socket'>, on?: string): Promise<MemberSlots[]> {
  const members: MemberSlots[] = []
  for await (const each of callDaemon(socket, 'slots', { on })) members.push(each)
  return members.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
}

/** @returns `2/4` for each, with the runs that take them and how many more they would */
export function formatSlots(members: MemberSlots[]): string {
  const rows = members.map(({ name, max, taken, runs = [], error }) => [
    name,
    error != null || max == null ? 'unknown' : `${taken}/${max}`,
    runs
      .filter(({ taken: some, wanted }) => some + wanted > 0)
      .map(each => `${each.run}: ${each.taken}${each.wanted > 0 ? `, wants ${each.wanted} more` : ''}`)
      .join('; ')
  ])
  return formatTable(['NAME', 'SLOTS', 'RUNS'], rows)
}
