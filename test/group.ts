/** Runs the test files it is given in this process, in turn. */
import { resolve } from 'node:path'
import { run } from 'uvu/run'

await run(process.argv.slice(2).map(name => ({ name, file: resolve(name) })))
// what a test left open must not keep the group from ending, nor pass unseen
setTimeout(() => {
  process.stdout.write('FAIL  something that a test started is still open\n')
  process.exit(1)
}, 5_000).unref()
