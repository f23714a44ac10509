#!/usr/bin/env node
/** `bak-node`: the daemon, and the few commands that make, join and leave a mesh. */
import { exitStatus } from '../protocols/errors.ts'
import { asBakError } from '../protocols/errors.ts'
import { buildProgram } from './commands.ts'

// a reader that went away ends us quietly
process.stdout.on('error', () => process.exit(exitStatus.io))

try {
  await buildProgram().parseAsync()
} catch (cause) {
  const error = asBakError(cause)
  process.stderr.write(`bak-node: ${error.message}\n`)
  if (process.env.DEBUG != null || error.code === 'bug') process.stderr.write(`${(cause as Error).stack}\n`)
  process.exitCode = exitStatus[error.code]
}
