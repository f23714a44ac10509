/** The worker threads of the driver, as its process has them: what they say, and that one has died or hangs. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { cleanLine } from '../../../../protocols/clean-line.ts'
import { asBakError } from '../../../../protocols/errors.ts'
import { settledWithin } from '../../../wait.ts'
import { sharedMetronome } from './metronome.ts'
import type { FromThread, MetronomeInit, ThreadInit, ToThread } from './thread-messages.ts'

/** They tell how they are each second: one that does not is held up by an operation that never lets go. */
const SILENCE_MS = 20_000
const CHECK_MS = 1_000

export interface WorkerThreadsInit {
  /** The file that is the process and its threads. */
  source: URL
  threads: Omit<ThreadInit, 'role' | 'metronome'>[]
  heard(thread: number, message: Exclude<FromThread, { type: 'doing' }>): void
  /** A thread is gone: nothing more comes from it. */
  lost(thread: number, why: string): void
  /** ms after which a thread that says nothing is given up. */
  silence?: number
}

export class WorkerThreads {
  readonly #workers: Worker[]
  readonly #metronome: Worker
  readonly #heard: number[]
  /** What each is at, where it said so. */
  readonly #doing = new Map<number, string | undefined>()
  #isEnding = false

  constructor({ source, threads, heard, lost, silence = SILENCE_MS }: WorkerThreadsInit) {
    this.#heard = threads.map(() => performance.now())
    const shared = sharedMetronome(threads.length)
    const metronome: MetronomeInit = { role: 'metronome', shared, slots: threads.length }
    this.#metronome = new Worker(source, { workerData: metronome, name: 'metronome' })
    this.#workers = threads.map((init, thread) => {
      const workerData: ThreadInit = {
        ...init,
        role: 'load',
        metronome: { shared, slot: thread, slots: threads.length }
      }
      const worker = new Worker(source, { workerData, name: `load-${thread + 1}` })
      let why = 'a worker thread has ended'
      worker.on('message', (message: FromThread) => {
        this.#heard[thread] = performance.now()
        if (message.type === 'doing') return void this.#doing.set(thread, message.what)
        try {
          heard(thread, message)
        } catch (cause) {
          // a module shares its thread with the clients: clocks and messages are what it makes of them
          lost(thread, `what a worker thread says makes no sense: ${cleanLine(asBakError(cause).message)}`)
        }
      })
      worker.once('error', cause => {
        why = `a worker thread has died: ${cleanLine(asBakError(cause).message)}`
      })
      worker.once('exit', () => {
        if (!this.#isEnding) lost(thread, why)
      })
      return worker
    })
    setInterval(() => this.#check(lost, silence), CHECK_MS).unref()
  }

  get size(): number {
    return this.#workers.length
  }

  tell(thread: number, message: ToThread): void {
    this.#workers[thread]?.postMessage(message)
  }

  tellAll(message: ToThread): void {
    for (const worker of this.#workers) worker.postMessage(message)
  }

  /** Each closes what it has open. Never rejects. */
  async endAll(timeout: number): Promise<void> {
    this.#isEnding = true
    // one that has ended before has no id any more
    const ended = this.#workers.filter(({ threadId }) => threadId >= 0).map(worker => once(worker, 'exit'))
    this.tellAll({ type: 'end' })
    await settledWithin(timeout, Promise.all(ended))
    await this.#metronome.terminate()
  }

  /** Whatever it does. */
  end(thread: number): void {
    void this.#workers[thread]?.terminate()
  }

  #check(lost: WorkerThreadsInit['lost'], silence: number): void {
    const now = performance.now()
    for (const [thread, at] of this.#heard.entries()) {
      if (now - at < silence) continue
      this.#heard[thread] = Number.POSITIVE_INFINITY
      const what = this.#doing.get(thread) ?? 'an operation'
      lost(thread, `a worker thread does nothing else for ${silence / 1_000} s: ${what} does not let go of it`)
    }
  }
}
