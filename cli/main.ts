/** `bak`: everything else is loaded after the compile cache is on, and only what the one command needs. */
import { cacheCode } from '../protocols/compile-cache.ts'

cacheCode()
const { runProgram } = await import('./program.ts')
process.exitCode = await runProgram(process.argv.slice(2))
