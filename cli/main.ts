/** `bak`: everything else is loaded after the compile cache is on, and only what the one command needs. */
import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

// not Node's default below the shared temporary folder: what lies there would be run
enableCompileCache(join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'bak'))

const { runProgram } = await import('./program.ts')
process.exitCode = await runProgram(process.argv.slice(2))
