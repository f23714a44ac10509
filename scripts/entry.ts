/**
 * The one file that `npm run package` makes holds all programs; the name that it is called by chooses, as busybox does:
 * `bak-node` is the daemon, `bak-testnet` the scripted meshes with the demo, and any other name is `bak`.
 */
import { basename, resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import { RUN_FILE } from '../node/work/tasks/driver-start.ts'

/** The first word in `process.argv` is the executable, the second the name that it was called by. */
const words = process.argv.slice(2)

if (words[0] === RUN_FILE) runFile(words[1] ?? '')
else
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

/** Only a thread can run a file that is not in the executable. */
function runFile(path: string): void {
  const worker = new Worker(resolve(path))
  worker.once('error', cause => {
    process.stderr.write(`${cause instanceof Error ? cause.stack : cause}\n`)
    process.exit(1)
  })
  worker.once('exit', status => process.exit(status))
}
