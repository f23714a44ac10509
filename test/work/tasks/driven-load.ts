/** A member's clients with a driver that the test speaks for, and a controller that takes or does not. */
import type { FromDriver, ToDriver } from '../../../node/work/tasks/driver-messages.ts'
import type { MemberClients } from '../../../node/work/tasks/member-clients.ts'
import { MemberLoad } from '../../../node/work/tasks/member-load.ts'
import { Queue } from '../../../protocols/queue.ts'
import { type Handler, serve } from '../../../protocols/stream.ts'
import { type FromLoader, loadStreamProtocol, type ToLoader } from '../../../protocols/tasks/load-stream.ts'
import { packColumns } from '../../../protocols/tasks/sample-block.ts'
import { linkTo } from '../../helpers/streams.ts'
import { until } from '../../helpers/until.ts'
import { member, run, specOf, step } from '../../protocols/samples.ts'

export const http = { type: 'http', url: 'http://127.0.0.1:1/' }

/** Tells what the daemon says, and says what the test wants. */
export class SpokenDriver {
  readonly said: ToDriver[] = []
  readonly #out = new Queue<FromDriver>(1_000)
  stopped: number | undefined
  ends = 'the load driver: ended by SIGKILL'

  readonly send = async (message: ToDriver) => void this.said.push(message)
  readonly ending = async () => this.ends
  readonly stop = async (grace: number): Promise<string[]> => {
    this.stopped ??= grace
    this.#out.end()
    return []
  }

  async *messages() {
    for (let next = await this.#out.take(); next !== undefined; next = await this.#out.take()) yield next
  }

  say(...messages: FromDriver[]): void {
    for (const each of messages) this.#out.offer(each)
  }

  /** Its process ends. */
  die(): void {
    this.#out.end()
  }

  get types(): string[] {
    return this.said.map(({ type }) => type)
  }

  /** Waits until the daemon has said this so often. */
  heard = (type: ToDriver['type'], times = 1) =>
    until(() => this.types.filter(each => each === type).length >= times, { what: () => `${type} in ${this.types}` })
}

export interface Sampled {
  latency: number
  flags?: number
}

export function samplesOf(element: number, task: string, samples: Sampled[]): FromDriver {
  const n = samples.length
  const columns = packColumns({
    client: new Uint32Array(n),
    flags: Uint8Array.from(samples, ({ flags = 0 }) => flags),
    kind: new Uint8Array(n),
    due: new Float64Array(n),
    latency: Float64Array.from(samples, ({ latency }) => latency),
    service: Float64Array.from(samples, () => 1),
    processing: Float64Array.from(samples, () => 1),
    sent: new Float64Array(n),
    weight: new Float64Array(n).fill(1)
  })
  return { type: 'samples', element, task, samples: n, columns, kinds: ['timeout'], unit: 'ops' }
}

export const joined = (element: number, tasks: object[] = []): FromDriver => ({
  type: 'joined',
  element,
  tasks: tasks.map(each => ({
    ...{ element, task: 't', samples: 0, warmup: 0, failed: 0, latency: 0, service: 0, ended: 'schedule' as const },
    ...each
  })),
  health: { workers: 1, busy: 0.1, lag: 1, lagMax: 2, overhead: 0.1 }
})

/** Two elements: `t` alone, then `u`, which ends `v`. */
export const TWO: MemberClients = {
  elements: [
    { number: 1, tasks: ['t'], isCompleting: false },
    { number: 2, tasks: ['u', 'v'], completedBy: 'u', isCompleting: true }
  ],
  workers: [[0]],
  exact: { t: 100, u: 100, v: 100 }
}

interface Driven {
  clients?: MemberClients
  /** s; 0 is none. */
  timeout?: number
  offset?: number
  /** Bytes that may wait for the controller. */
  most?: number
}

export function drivenLoad({ clients = TWO, timeout = 0, offset = 0, most }: Driven = {}) {
  const driver = new SpokenDriver()
  const spec = specOf({ command: undefined, policy: { timeout }, task: [{ name: 't', operation: http }] })
  const controller = { taken: 0, failures: [] as string[], statuses: 0, stalls: false }
  const handler: Handler<FromLoader, ToLoader> = async function* (_, { receive }) {
    yield { type: 'taken', seq: controller.taken }
    for (let next = await receive(); next !== undefined; next = await receive()) {
      if (next.type === 'failed') controller.failures.push(next.reason)
      if (next.type === 'status') controller.statuses++
      if (!('seq' in next) || controller.stalls) continue
      controller.taken = next.seq
      yield { type: 'taken', seq: next.seq }
    }
  }
  const link = linkTo(serve(loadStreamProtocol, handler), member.peer)
  const load = new MemberLoad({
    ...{ spec, params: {}, clients, offset: () => offset, start: async () => driver },
    uplink: { run, step, open: link.open, ...(most == null ? {} : { most }) }
  })
  const prepared = async () => {
    const answer = load.prepare(soon())
    await driver.heard('begin')
    driver.say({ type: 'ready', workers: 1 })
    await driver.heard('prepare')
    driver.say({ type: 'done', what: 'prepare', targets: [{ target: 'http://127.0.0.1:1', server: 'nginx' }] })
    return answer
  }
  return { load, driver, controller, link, prepared }
}

export const soon = () => AbortSignal.timeout(20_000)
export const problemOf = (work: Promise<unknown>) =>
  work.then(
    () => ({ code: 'none', message: 'it did not fail' }),
    (error: { code: string; message: string }) => ({ code: error.code, message: error.message })
  )
