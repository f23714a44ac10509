/** `bak`: turns the compile cache on, then loads only what the command needs. */
import { cacheCode } from '../protocols/compile-cache.ts'

cacheCode()
const { runProgram } = await import('./program.ts')
process.exitCode = await runProgram(process.argv.slice(2))
