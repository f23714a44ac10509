/** `bak exec`: runs a command on members once. It is a run like any other, without tools and sysinfo. */

import type { Command } from 'commander'
import { callDaemon } from '../../protocols/control-http.ts'
import { BakError } from '../../protocols/errors.ts'
import { checkSpec } from '../../protocols/run-file.ts'
import { checkEnvironment } from '../../protocols/utf8.ts'
import { beginAndFollow } from '../begin-run.ts'
import { addExamples, addFlag, type Context, callerEnv, setAction } from '../command.ts'
import { currentFolder, refuseShellLine } from '../first-mistakes.ts'
import { parseSeconds } from '../spec-flags.ts'
import { execView } from '../views/exec.ts'

interface Options {
  on?: string
  timeout?: number
  stdin?: boolean
}

/** Of the run and of its workload. */
const NAME = 'exec'

export function define(command: Command): void {
  command.usage('[options] -- COMMAND')
  addFlag(command, '--on <selector>', 'the peers that run it, such as role=db or a,b (all)')
  addFlag(command, '--timeout <time>', 'time after which it is killed: 90, 90s, 5m (never)', parseSeconds)
  addFlag(command, '--stdin', 'refused: the command gets no input').hideHelp()
  addExamples(command, {
    'bak exec -- uname -r': 'on all members; the exit codes are in a table at the end',
    'bak exec --on role=db --timeout 30s -- sh -c "df -h | tail -1"': 'a line of the shell on the members with a label',
    'bak logs last': 'its output once more'
  })
  setAction(command, act, true)
}

async function act(context: Context, { on = 'all', timeout = 0, stdin }: Options): Promise<number> {
  const { rest: command, json, socket } = context
  if (stdin) {
    const instead = 'put what it reads into the command, or in a file on the members'
    throw new BakError(
      'usage',
      `--stdin: bak exec gives the command no input, which would go to many machines: ${instead}`
    )
  }
  if (command == null || command.length === 0)
    throw new BakError('usage', 'a command is missing: bak exec [--on SELECTOR] -- COMMAND')
  const directory = currentFolder()
  refuseShellLine(command, directory, 'bak exec')
  checkEnvironment(callerEnv, directory)
  const spec = checkSpec({
    ...{ name: NAME, on, tools: [], sysinfo: 'none' },
    workload: [{ name: NAME, command }],
    policy: { timeout }
  })
  const begin = (leaving?: { signal: AbortSignal }) =>
    callDaemon(socket, 'run', { spec, directory, env: callerEnv }, leaving)
  return beginAndFollow(context, {}, begin, async signal => execView({ json, socket, signal }))
}
