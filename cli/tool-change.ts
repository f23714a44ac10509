/** Asks the controller of a run to change its tools, and prints on whom it does. */
import { exitStatus } from '../protocols/errors.ts'
import { listInWords } from '../protocols/list-in-words.ts'
import type { Context } from './command.ts'

/** Members that a line names. */
const MAX_NAMED = 8

export interface ChangeOptions {
  on?: string
  group?: string
}

interface Change extends ChangeOptions {
  change: 'attach' | 'detach'
  run: string
  tool: string
}

/** @returns the exit status: 2 where some of the members that are meant do not follow */
export async function changeTools(context: Context, { run, tool, change, on, group }: Change): Promise<number> {
  const { json, ask, print, printLines, rest = [] } = context
  const answer = await ask('change-tools', { run, tool, change, on, group, options: rest })
  if (json) await print(JSON.stringify(answer))
  else {
    const where = listInWords(answer.members, MAX_NAMED)
    const lines = answer.refused.map(({ member, reason }) => `not ${member}: ${reason}`)
    const done = change === 'attach' ? 'attached to' : 'detached from'
    await printLines([`${tool}: ${done} ${where}, from the next sample of ${answer.run} on`, ...lines].join('\n'))
  }
  return answer.refused.length > 0 ? exitStatus.partial : 0
}
