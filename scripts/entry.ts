/**
 * The one file that `npm run package` makes holds all programs; the name that it is called by chooses, as busybox does:
 * `bak-node` is the daemon, `bak-testnet` the scripted meshes with the demo, and any other name is `bak`.
 */
import { basename } from 'node:path'

/** The first word in `process.argv` is the executable, the second the name that it was called by. */
const words = process.argv.slice(2)

switch (basename(process.argv0)) {
  case 'bak-node':
    process.exitCode = await (await import('../node/program.ts')).runProgram(words)
    break
  case 'bak-testnet':
    await (await import('../testnets/program.ts')).runTestnet(words)
    break
  default:
    process.exitCode = await (await import('../cli/program.ts')).runProgram(words)
}
