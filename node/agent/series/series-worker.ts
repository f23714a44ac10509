/** The thread that reads what tools wrote into series: the lowest priority that there is, and no way to wait for anything. */
import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { asBakError } from '../../../protocols/errors.ts'
import { ifPossible } from '../../if-possible.ts'
import type { FromThread, SeriesJob } from './job.ts'
import { readFiles } from './read-files.ts'

/** Between two words that it is alive, ms. */
const ALIVE_MS = 500
const LOWEST_PRIORITY = 19

// `123/task/456`; else it is as important as the daemon
ifPossible(() => setPriority(Number(readlinkSync('/proc/thread-self').split('/')[2]), LOWEST_PRIORITY))

const say = (message: FromThread) => parentPort?.postMessage(message)
let told = { file: -1, at: 0 }
try {
  const made = readFiles(workerData as SeriesJob, file => {
    const at = performance.now()
    if (file === told.file && at - told.at < ALIVE_MS) return
    told = { file, at }
    say({ file })
  })
  say({ made })
} catch (cause) {
  const { message: failed, code } = asBakError(cause)
  say({ failed, code })
}
