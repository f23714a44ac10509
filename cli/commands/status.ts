/** `bak status`: prints the daemon's state. */
import type { Command } from 'commander'
import { formatFacts } from '../../protocols/text-table.ts'
import { addExamples, type Context, setAction } from '../command.ts'
import { formatAge } from '../format.ts'

export function define(command: Command): void {
  addExamples(command, { 'bak status --json | jq -r .state': 'standby, enabled or draining' })
  setAction(command, act)
}

async function act({ json, ask, print, printLines }: Context): Promise<void> {
  const status = await ask('status', {})
  if (json) return print(JSON.stringify(status))
  const { name, state, members, connections, driving, taking, started, pid } = status
  await printLines(
    formatFacts({
      name,
      state,
      up: `${formatAge(Date.now() - started)} (pid ${pid})`,
      members: `${members}, ${connections} connections`,
      drives: driving.join(' '),
      'takes part in': taking.filter(run => !driving.includes(run)).join(' ')
    })
  )
}
