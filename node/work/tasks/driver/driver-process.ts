/** The driver: connects to the daemon that started it, and does what that says. The same file is each of its threads. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { isMainThread, type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { asBakError, BakError } from '../../../../protocols/errors.ts'
import { pipeToDaemon } from '../driver-pipe.ts'
import { DRIVER_SOCKET } from '../driver-start.ts'
import { LoadDriver } from './load-driver.ts'
import { LoadThread } from './load-thread.ts'
import { runMetronome } from './metronome.ts'
import type { MetronomeInit, ThreadInit } from './thread-messages.ts'

// in the single executable the process itself is a thread without data
const init = isMainThread ? null : (workerData as ThreadInit | MetronomeInit | null)
if (init?.role === 'load') new LoadThread(init, parentPort as MessagePort)
else if (init?.role === 'metronome') runMetronome(init.shared, init.slots)
else await runDriver()

async function runDriver(): Promise<void> {
  process.once('uncaughtException', fail)
  try {
    const path = process.env[DRIVER_SOCKET]
    if (!path) throw new BakError('usage', `${DRIVER_SOCKET} names no socket: this is started by bak-node`)
    const socket = connect(path)
    await once(socket, 'connect')
    const folder = process.cwd()
    const out = process.env.BAK_OUT ?? folder
    await new LoadDriver({ pipe: pipeToDaemon(socket), source: new URL(import.meta.url), folder, out }).run()
    process.exit(0)
  } catch (cause) {
    fail(cause)
  }
}

function fail(cause: unknown): never {
  process.stderr.write(`bak: the driver of load: ${asBakError(cause).message}\n`)
  process.exit(1)
}
