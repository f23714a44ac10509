/** `bak cancel`: ends a run early, in order. */
import type { Command } from 'commander'
import { BakError } from '../../protocols/errors.ts'
import { addExamples, addFlag, type Context, RUN, setAction } from '../command.ts'

export function define(command: Command): void {
  command.argument('<run>', RUN)
  addFlag(command, '--reason <text>', 'kept with the result')
  addExamples(command, { 'bak cancel last --reason "wrong kernel"': 'tools are stopped, data is sent, the run ends' })
  setAction(command, act)
}

async function act({ json, ask, print }: Context, { reason }: { reason?: string }, run = ''): Promise<void> {
  const answer = await ask('cancel', { run, reason })
  if (json) await print(JSON.stringify(answer))
  if (!answer.accepted) throw new BakError('state', `run ${answer.run} cannot be cancelled any more`)
  const part = answer.part ? ': ended on this member only, since its controller cannot be reached' : ''
  if (!json) await print(`${answer.run}${part}`)
}
