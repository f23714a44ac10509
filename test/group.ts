/** Runs the test files it is given in this process, in turn. */
import { resolve } from 'node:path'
import { run } from 'uvu/run'

// what tests registered for the exit of the process ends their daemons
process.once('SIGTERM', () => {
  process.stdout.write('FAIL  took too long\n')
  process.exit(1)
})
await run(process.argv.slice(2).map(name => ({ name, file: resolve(name) })))
// what a test left open must not keep the group from ending, nor pass unseen
setTimeout(() => {
  process.stdout.write('FAIL  something that a test started is still open\n')
  process.exit(1)
}, 15_000).unref()
