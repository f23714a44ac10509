/** A real driver, as a daemon starts it, for one test: its socket, what it said, and its end. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import type { FromDriver, ToDriver } from '../../node/work/tasks/driver-messages.ts'
import { pipeToDriver } from '../../node/work/tasks/driver-pipe.ts'
import { putDriver } from '../../node/work/tasks/driver-program.ts'
import { DRIVER_SOCKET } from '../../node/work/tasks/driver-start.ts'
import { sharedOffset } from '../../node/work/tasks/shared-clock.ts'
import { check } from '../../protocols/codec.ts'
import { spec as specSchema } from '../../protocols/spec.ts'
import { clientsOf } from '../../protocols/tasks/allocation.ts'
import { elementsOf } from '../../protocols/tasks/elements.ts'
import { type SampleColumns, unpackColumns } from '../../protocols/tasks/sample-block.ts'
import { addTally, emptyTally, tallyHistograms, tallySamples } from '../../protocols/tasks/tally.ts'
import { assignWorkers } from '../../protocols/tasks/workers.ts'
import { until } from './until.ts'

export type Said<T extends FromDriver['type']> = Extract<FromDriver, { type: T }>

export interface DriverInit {
  spec: Record<string, unknown>
  params?: Record<string, string>
  /** The folder of the sample. */
  sample?: string
  /** Files in its working folder, by name. */
  files?: Record<string, string>
  workers?: number
  exact?: number
}

export class TestDriver {
  readonly folder: string
  readonly said: FromDriver[] = []
  readonly process: ChildProcess
  readonly ended: Promise<number | null>
  stderr = ''
  readonly #socket: Socket
  readonly #send: (message: ToDriver) => Promise<void>

  private constructor(folder: string, process: ChildProcess, socket: Socket) {
    this.folder = folder
    this.process = process
    this.#socket = socket
    this.ended = once(process, 'exit').then(([status]) => status)
    process.stderr?.on('data', data => {
      this.stderr += data
    })
    const pipe = pipeToDriver(socket)
    this.#send = message => pipe.send(message)
    void (async () => {
      for await (const message of pipe) this.said.push(message)
    })().catch(() => {})
  }

  static async start({
    spec: given,
    params = {},
    sample = '1-default/sample1',
    files = {},
    workers = 2,
    exact = 1e6
  }: DriverInit): Promise<TestDriver> {
    const folder = mkdtempSync(join(tmpdir(), 'bak-load-'))
    mkdirSync(join(folder, 'work'))
    mkdirSync(join(folder, 'out'))
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, 'work', name), text)
    const spec = check(specSchema, { tools: [], ...given })
    const cwd = join(folder, 'work')
    const [runtime = '', ...words] = await putDriver({ cwd })
    const server = createServer().listen(join(folder, 's'))
    const connected = once(server, 'connection')
    const env = { PATH: process.env.PATH, [DRIVER_SOCKET]: join(folder, 's'), BAK_OUT: join(folder, 'out') }
    const child = spawn(runtime, words, { cwd, env, stdio: ['ignore', 'inherit', 'pipe'] })
    const [socket] = (await connected) as [Socket]
    server.close()
    const driver = new TestDriver(folder, child, socket)
    const elements = elementsOf(spec, params)
    const [own] = assignWorkers([{ host: 'a', cores: workers }], clientsOf(elements))
    const names = elements.flatMap(({ tasks }) => tasks.map(({ name }) => name))
    const shares = names.map(task => ({ task, samples: exact }))
    await driver.send({ type: 'begin', spec, params, sample, workers: own?.workers ?? [], exact: shares })
    return driver
  }

  send(message: ToDriver): Promise<void> {
    return this.#send(message)
  }

  /** @returns the first such message that there is, or comes, behind those that were `skip`ped */
  async hear<T extends FromDriver['type']>(type: T, timeout = 10_000, skip = 0): Promise<Said<T>> {
    const found = () => this.all(type)[skip]
    await until(() => found() != null || this.process.exitCode != null, { timeout })
    const message = found()
    if (message == null)
      throw new Error(`no ${type}: the driver said ${JSON.stringify(this.said.map(each => each.type))}, ${this.stderr}`)
    return message
  }

  all<T extends FromDriver['type']>(type: T): Said<T>[] {
    return this.said.filter((each): each is Said<T> => each.type === type)
  }

  /** @param ahead of a wall clock that was set back since, ms @returns when it begins, by that clock */
  async begin(element: number, wait = 0, ahead = 0): Promise<number> {
    const at = Date.now() + wait + ahead
    await this.send({ type: 'element', element, at, begin: performance.now() + sharedOffset() + wait })
    return at
  }

  /** Begins an element in `wait` ms. @returns when it began, and what its end says */
  async element(
    element: number,
    { wait = 100, timeout = 20_000, ahead = 0 } = {}
  ): Promise<{ at: number; joined: Said<'joined'> }> {
    const at = await this.begin(element, wait, ahead)
    const before = this.all('joined').length
    return { at, joined: await this.hear('joined', timeout, before) }
  }

  /** Of a task, in the order in which they came. */
  columns(task: string): SampleColumns[] {
    return this.all('samples')
      .filter(each => each.task === task)
      .map(unpackColumns)
  }

  /** The daemon has no more to say. */
  async end(): Promise<void> {
    this.#socket.end()
    await this.ended
  }

  async close(): Promise<number | null> {
    this.#socket.end()
    const late = setTimeout(() => this.process.kill('SIGKILL'), 5_000)
    const status = await this.ended
    clearTimeout(late)
    rmSync(this.folder, { recursive: true, force: true })
    return status
  }
}

/** Starts one, and ends it in order. */
export async function withDriver(init: DriverInit, work: (it: TestDriver) => Promise<void>): Promise<void> {
  const it = await TestDriver.start(init)
  try {
    await it.hear('ready')
    await work(it)
  } finally {
    assert.is(await it.close(), 0)
  }
}

/** What it brought of all tasks. */
export function sumOf(it: TestDriver) {
  const sum = emptyTally()
  for (const each of it.all('samples')) addTally(sum, tallySamples(each))
  for (const each of it.all('histograms')) addTally(sum, tallyHistograms(each))
  return sum
}

/** What it says that it brought, to be compared with that. */
export const pick = (answer?: ReturnType<typeof emptyTally>) => {
  const { samples, warmup, failed, latency, service } = answer ?? emptyTally()
  return { samples, warmup, failed, latency, service }
}
