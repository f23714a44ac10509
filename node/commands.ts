/** The program `bak-node` and its commands, in the order of its help. */
import { Command, Option } from 'commander'
import { defaultHome } from '../protocols/default-home.ts'
import { asBakError, exitStatus } from '../protocols/errors.ts'
import { withNearestCommand } from '../protocols/nearest.ts'
import { PROGRAM } from '../protocols/version.ts'
import { addAllow } from './commands/allow.ts'
import { addAudit } from './commands/audit.ts'
import { addDaemon } from './commands/daemon.ts'
import { addDrain } from './commands/drain.ts'
import { addExec } from './commands/exec.ts'
import { addForget } from './commands/forget.ts'
import { addInit } from './commands/init.ts'
import { addInstall } from './commands/install.ts'
import { addInvite } from './commands/invite.ts'
import { addInvites } from './commands/invites.ts'
import { addLeave } from './commands/leave.ts'
import { addRevoke } from './commands/revoke.ts'
import { addRotateSecret } from './commands/rotate-secret.ts'
import { addStatus } from './commands/status.ts'
import { addStop } from './commands/stop.ts'
import { addStopAll } from './commands/stop-all.ts'
import { addUninstall } from './commands/uninstall.ts'

const EXAMPLES = `
A mesh of three machines:
  a$ bak-node daemon --name a          found the mesh
  a$ bak-node invite                   print a ticket
  b$ bak-node daemon join -            join it: paste the ticket; later starts need none
  c$ bak-node daemon --ticket-file F   the same, with the ticket in a file
  c$ bak run --tools proc,vmstat -- ./benchmark`

const commands = [
  addDaemon,
  addExec,
  addInit,
  addInvite,
  addInvites,
  addRevoke,
  addRotateSecret,
  addStatus,
  addStop,
  addLeave,
  addForget,
  addDrain,
  addAllow,
  addAudit,
  addStopAll,
  addInstall,
  addUninstall
]

export function buildProgram(): Command {
  const program: Command = new Command('bak-node')
    .description('The daemon of bak: a peer in a private mesh of machines that are measured together.')
    .version(PROGRAM)
    .addOption(new Option('--home <dir>', `folder of this peer: key, mesh, results${defaultInWords()}`).env('BAK_HOME'))
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      outputError: (text, write) => write(inOneLine(text, program))
    })
    .exitOverride(error => process.exit(error.exitCode === 0 ? 0 : exitStatus.usage))
    .addHelpText('after', EXAMPLES)
  for (const add of commands) add(program)
  program.showSuggestionAfterError(false)
  return program
}

/** A user without a folder of their own has no default. */
function defaultInWords(): string {
  try {
    return ` (default: ${defaultHome()})`
  } catch (cause) {
    if (asBakError(cause).code === 'bad-config') return ''
    throw cause
  }
}

/** Formats commander's usage errors. */
function inOneLine(text: string, program: Command): string {
  const line = text.replace(/^error: /, 'bak-node: ').replace('\n(', ' (')
  return withNearestCommand(
    line,
    'bak-node',
    program.commands.map(command => command.name())
  )
}
