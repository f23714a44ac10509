#!/usr/bin/env node
/** `bak-node`: the daemon, and the few commands that make, join and leave a mesh. */
import { asBakError, exitStatus } from '../protocols/errors.ts'
import { buildProgram } from './commands.ts'

// a reader that went away is no error, and ends no daemon
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

try {
  await buildProgram().parseAsync()
} catch (cause) {
  const error = asBakError(cause)
  for (const line of error.message.split('\n')) process.stderr.write(`bak-node: ${line}\n`)
  if (process.env.DEBUG != null || error.code === 'bug') process.stderr.write(`${(cause as Error).stack}\n`)
  process.exitCode = exitStatus[error.code]
}
