/** The driver of a member as a process: started as a program of the run is, with one connection to this daemon; gone when its sample is over. */
import { mkdir } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { asBakError, BakError } from '../../../protocols/errors.ts'
import { OUTPUT_FILES } from '../../../protocols/layout.ts'
import { describeExit } from '../../../protocols/phase.ts'
import { errorLineIn } from '../../processes/error-line.ts'
import type { Places, Programs, RunningProgram } from '../../processes/programs.ts'
import type { SocketFolder } from '../../processes/socket-folder.ts'
import { inTime, pause } from '../../wait.ts'
import { deletedOutput, replacedBy } from '../replaced-folder.ts'
import type { FromDriver, ToDriver } from './driver-messages.ts'
import { type DriverPipe, pipeToDriver } from './driver-pipe.ts'
import { DRIVER_SOCKET } from './driver-start.ts'

/** Its name among the programs of a run: in the audit, and in what is said of it. */
const NAME = 'the load driver'
/** From its start to its connection, ms: a busy machine starts Node in seconds. */
const CONNECT_TIMEOUT_MS = 30_000
/** It ends by itself when its socket does, within this, ms. */
const SELF_END_MS = 4_000
/** Its process has ended when its socket has, or is about to, ms. */
const EXIT_TIMEOUT_MS = 2_000

export interface RunningDriverInit {
  programs: Programs
  sockets: Pick<SocketFolder, 'listen'>
  /** In the home: where its output belongs, and where it works. */
  folder: string
  working: string
  /** Its words, as the owner's record of programs names them. */
  argv: string[]
  /** Puts it, and what it uses, into its working folder. @returns its words there, and what it is told of the run */
  prepare(places: Places): Promise<{ argv: string[]; env: Record<string, string> }>
}

export class RunningDriver {
  readonly #running: RunningProgram
  readonly #pipe: DriverPipe<ToDriver, FromDriver>
  readonly #folder: string
  #stopping: Promise<string[]> | undefined

  private constructor(running: RunningProgram, pipe: DriverPipe<ToDriver, FromDriver>, folder: string) {
    this.#running = running
    this.#pipe = pipe
    this.#folder = folder
  }

  /** @throws {BakError} why it does not run; nothing of it is left then */
  static async start(init: RunningDriverInit, signal: AbortSignal): Promise<RunningDriver> {
    const { folder, programs, working, argv } = init
    const server = createServer()
    const connected = firstConnection(server)
    let running: RunningProgram | undefined
    try {
      await mkdir(folder, { recursive: true })
      running = await programs.spawn({
        ...{ name: NAME, argv, brought: argv, folder },
        ...{ stdout: join(folder, OUTPUT_FILES.stdout), stderr: join(folder, OUTPUT_FILES.stderr) },
        work: { folder: working, env: {}, prepare: places => prepareIn(places, init, server) }
      })
      const socket = await connectedIn(connected, running, folder, signal)
      return new RunningDriver(running, pipeToDriver(socket), folder)
    } catch (cause) {
      await running?.stop({ grace: 0 })
      await running?.collect().catch(() => {})
      throw asBakError(cause)
    } finally {
      // its path goes, the connection stays
      server.close()
    }
  }

  get pid(): number {
    return this.#running.pid
  }

  /** @throws {BakError} `unreachable` if it is gone */
  send(message: ToDriver): Promise<void> {
    return this.#pipe.send(message)
  }

  /** Each message, until it is gone. @throws {BakError} for what is none */
  messages(): AsyncIterable<FromDriver> {
    return this.#pipe
  }

  /** Waits until it has ended. @returns how, in words */
  async ending(): Promise<string> {
    const end = await Promise.race([this.#running.exited, pause(EXIT_TIMEOUT_MS)])
    if (end == null) return `${NAME} closed its socket`
    return whyEnded(this.#running, this.#folder)
  }

  /** Never rejects. @returns what is odd about its files */
  stop(graceMs: number): Promise<string[]> {
    this.#stopping ??= this.#stop(graceMs)
    return this.#stopping
  }

  async #stop(grace: number): Promise<string[]> {
    this.#pipe.end()
    await Promise.race([this.#running.exited, pause(Math.min(grace, SELF_END_MS))])
    await this.#running.stop({ grace })
    this.#pipe.close()
    const odd = await this.#running.collect().catch(cause => [`its files: ${asBakError(cause).message}`])
    const left = (await replacedBy(this.#folder)) ?? (await deletedOutput(this.#folder))
    return left == null ? odd : [...odd, left]
  }
}

async function prepareIn(places: Places, { prepare, sockets }: RunningDriverInit, server: Server) {
  const socket = await sockets.listen(server, places.owner)
  const { argv, env } = await prepare(places)
  return { argv, env: { ...env, [DRIVER_SOCKET]: socket, BAK_OUT: places.out }, shown: [socket] }
}

/** Others of its user may connect, too: the first counts, and no second is let in. */
function firstConnection(server: Server): Promise<Socket> {
  const first = Promise.withResolvers<Socket>()
  server.on('connection', socket => {
    // nobody reads it before it is taken: an error of it is no bug
    socket.on('error', () => {})
    first.resolve(socket)
    void first.promise.then(taken => taken !== socket && socket.destroy())
  })
  return first.promise
}

/** @throws {BakError} `workload-failed` if it ends, or does not connect in time; what aborts the signal */
async function connectedIn(
  connected: Promise<Socket>,
  running: RunningProgram,
  folder: string,
  signal: AbortSignal
): Promise<Socket> {
  const seconds = CONNECT_TIMEOUT_MS / 1000
  const late = () => new BakError('workload-failed', `${NAME} did not connect within ${seconds} s`)
  const first = await inTime(Promise.race([connected, running.exited]), { signal, ms: CONNECT_TIMEOUT_MS, late })
  if ('duration' in first) throw new BakError('workload-failed', await whyEnded(running, folder))
  return first
}

/** Of a program that has ended. */
async function whyEnded(running: RunningProgram, folder: string): Promise<string> {
  const line = running.reason() ?? (await errorLineIn(join(folder, OUTPUT_FILES.stderr)))
  return `${NAME}: ${describeExit(await running.exited)}${line === '' ? '' : `: ${line}`}`
}
