/** `bak collect`: fetches what members still keep of a run. */
import type { Command } from 'commander'
import { callDaemon } from '../../protocols/control-http.ts'
import { exitStatus } from '../../protocols/errors.ts'
import { addExamples, type Context, RUN, setAction } from '../command.ts'
import { formatBytes } from '../format.ts'

export function define(command: Command): void {
  command.argument('<run>', RUN)
  addExamples(command, {
    'bak collect last': 'where the result is; exits with 2 while members still have data, then run it again'
  })
  setAction(command, act)
}

async function act({ socket, json, print }: Context, _: object, run = ''): Promise<number> {
  const counts = { arrived: 0, failed: 0, left: 0 }
  for await (const answer of callDaemon(socket, 'collect', { run })) {
    const { name, what, bytes, outcome, reason } = answer
    counts[outcome]++
    if (json) await print(JSON.stringify(answer))
    else if (outcome === 'arrived') await print(`${name}: ${what} arrived, ${formatBytes(bytes)}`)
    else if (outcome === 'left') await print(`${name}: ${what}; ${reason ?? 'it is still there'}`)
    else if (outcome === 'failed') await print(`${name}: ${what} failed: ${reason ?? 'no reason was given'}`)
  }
  const { arrived, failed, left } = counts
  const rest = left === 0 ? '' : `, ${left} cannot be fetched and stay there: bak gc RUN there drops them`
  if (!json) await print(`${arrived} arrived, ${failed} failed${rest}`)
  return failed + left === 0 ? 0 : exitStatus.partial
}
