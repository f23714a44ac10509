/** `bak resume`: goes on where a run was cut short, as a run of its own. */
import type { Command } from 'commander'
import type { Begun } from '../../protocols/control.ts'
import { callDaemon } from '../../protocols/control-http.ts'
import type { RunEvent } from '../../protocols/events.ts'
import { checkEnvironment } from '../../protocols/utf8.ts'
import { beginAndFollow, beginOnly } from '../begin-run.ts'
import { addExamples, addFlag, type Context, callerEnv, RUN, setAction } from '../command.ts'
import { currentFolder } from '../first-mistakes.ts'
import { addFollowFlags, type FollowFlags } from '../follow-flags.ts'
import { checkFetch } from '../jobs/fetch-outputs.ts'
import { checkReport } from '../report-at-end.ts'

export function define(command: Command): void {
  command.argument('<run>', RUN)
  addFlag(command, '--detach', 'print the run id and do not follow the run')
  addFollowFlags(command)
  addExamples(command, {
    'bak resume last': 'the samples that the newest run lacks, in a result of their own',
    'bak resume k3f9ab --detach': 'exits with 0 where nothing is missing'
  })
  setAction(command, act)
}

async function act(context: Context, options: FollowFlags & { detach?: boolean }, run = ''): Promise<number> {
  checkEnvironment(callerEnv, currentFolder())
  checkReport(options)
  checkFetch(options)
  const { socket, json, print } = context
  const calling = new AbortController()
  const answers = callDaemon(socket, 'resume', { run, env: callerEnv }, { signal: calling.signal })[
    Symbol.asyncIterator
  ]()
  const first = await answers.next()
  if (!first.done && 'complete' in first.value) {
    await print(json ? JSON.stringify(first.value) : first.value.complete)
    return 0
  }
  async function* begun({ signal }: { signal?: AbortSignal } = {}): AsyncGenerator<Begun | RunEvent> {
    signal?.addEventListener('abort', () => calling.abort(), { once: true })
    for (let next = first; !next.done; next = await answers.next()) if (!('complete' in next.value)) yield next.value
  }
  try {
    return await (options.detach ? beginOnly(context, begun) : beginAndFollow(context, options, begun))
  } finally {
    calling.abort()
  }
}
