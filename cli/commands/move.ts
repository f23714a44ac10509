/** `bak move`: moves a result to another peer. */
import type { Command } from 'commander'
import { callDaemon } from '../../protocols/control-http.ts'
import { BakError } from '../../protocols/errors.ts'
import { addExamples, addFlag, type Context, setAction } from '../command.ts'
import { formatBytes } from '../format.ts'
import { writeTo } from '../output.ts'

export function define(command: Command): void {
  command.argument('<run>', 'any unique part of its id, or last').argument('<destination>', 'a member')
  addFlag(command, '--keep', 'keep a copy here')
  addExamples(command, {
    'bak move last archive': 'to the peer archive; deletes the copy here after that peer verified its own'
  })
  setAction(command, act)
}

async function act({ socket, json, print }: Context, { keep }: { keep?: boolean }, run = '', to = ''): Promise<void> {
  let finished = false
  for await (const answer of callDaemon(socket, 'move', { run, to, keep })) {
    finished = answer.finished
    if (json) await print(JSON.stringify(answer))
    else if (finished) await print(`run ${answer.run} is with ${answer.to}, ${formatBytes(answer.total)}`)
    else if (process.stderr.isTTY)
      await writeTo(process.stderr, `${formatBytes(answer.done)} of ${formatBytes(answer.total)}\r`)
  }
  if (!finished) throw new BakError('lost-contact', `lost contact before it was known whether run ${run} was moved`)
}
