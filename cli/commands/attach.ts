/** `bak attach`: follows a run, from its first event on. */
import type { Command } from 'commander'
import { callDaemon } from '../../protocols/control-http.ts'
import { atEnd } from '../at-end.ts'
import { addExamples, addFlag, type Context, RUN, setAction } from '../command.ts'
import { checkDaemon, follow } from '../follow.ts'
import { addFollowFlags, type FollowFlags } from '../follow-flags.ts'
import { onSignals } from '../interrupt.ts'
import { checkFetch } from '../jobs/fetch-outputs.ts'
import { tellSilence } from '../silence.ts'
import { parseNumber } from '../spec-flags.ts'
import { chooseView } from '../views/index.ts'
import { checkJunit, writeJunit } from '../write-junit.ts'

interface Options extends FollowFlags {
  from?: number
}

export function define(command: Command): void {
  command.argument('<run>', RUN)
  addFlag(command, '--from <n>', 'skip the events before this number', parseNumber)
  addFollowFlags(command)
  addExamples(command, {
    'bak attach last': 'the newest run, from its beginning to its end',
    'bak attach k3f9ab --json': 'its events; Ctrl-C detaches and does not cancel the run'
  })
  setAction(command, act)
}

async function act(context: Context, options: Options, run = ''): Promise<number> {
  const { socket, json } = context
  checkJunit(options)
  checkFetch(options)
  const view = await chooseView({ ...options, json, run, socket })
  const leaving = new AbortController()
  const detach = () => leaving.abort()
  const release = onSignals({ cancel: detach, detach })
  try {
    const events = callDaemon(socket, 'attach', { run, from: options.from }, { signal: leaving.signal })
    const onLost = (id: string) => checkDaemon(context, `bak attach ${id} when it runs again`)
    const onEnd = atEnd(context, options, leaving.signal)
    let id = run
    const onRun = (named: string) => (id = named)
    const told = tellSilence(events, socket, view.say)
    const status = await follow(told, { ...options, view, run, signal: leaving.signal, onLost, onRun, onEnd })
    return await writeJunit(context, options, id, status)
  } finally {
    release()
  }
}
