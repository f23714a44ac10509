/** A run whose workloads call: a controller's collectives, and members with run streams and sockets, all in this process. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { RunStreamClient } from '../../node/channels/run-stream-client.ts'
import { RunStreamServer } from '../../node/channels/run-stream-server.ts'
import { createLog } from '../../node/log.ts'
import { SocketFolder } from '../../node/processes/socket-folder.ts'
import { Collectives, type Period } from '../../node/run/collectives/collectives.ts'
import { type Instance, nameOf } from '../../node/run/collectives/instances.ts'
import { type OpenCalls, openCalls } from '../../node/work/calls/open-calls.ts'
import type { Step } from '../../protocols/phase.ts'
import { type FromController, type FromMember, runStreamProtocol } from '../../protocols/run-stream.ts'
import { type Handler, serve } from '../../protocols/stream.ts'
import { run, step } from '../protocols/samples.ts'
import { scratch } from '../store/scratch.ts'
import { type Finished, finished } from './mesh.ts'
import { linkTo, newSigner, type TestLink } from './streams.ts'

export interface CalledMember {
  peer: string
  link: TestLink
  client: RunStreamClient
  out: string
  calls: OpenCalls
}

export interface CalledRun {
  collectives: Collectives
  members: CalledMember[]
  instances: Instance[]
  periods: Array<{ by: string; step: Step; period: Period }>
  /** Messages that the controller has got from all members. */
  received(): number
  /** Opens the calls of one more instance of the workload of a member. */
  open(member: number, workload?: string): Promise<OpenCalls>
  close(): Promise<void>
}

/** @param more instances beside those of `load`, one of which each member has */
export async function calledRun(
  count: number,
  more: Instance[] = [],
  { delay = 0, clock }: { delay?: number; clock?: () => number } = {}
): Promise<CalledRun> {
  let handler: Handler<FromMember, FromController> | undefined
  const streams = {
    serve: async (_: unknown, each: Handler<FromMember, FromController>) => {
      handler = each
    }
  }
  const server = new RunStreamServer({ streams } as never, { log: createLog('error', () => {}) })
  await server.start()
  const peers = Array.from({ length: count }, () => newSigner().peer)
  const instances: Instance[] = [
    ...peers.map((peer, i) => ({ peer, member: `m${i}`, workload: 'load', instance: 1, of: 1, groups: [] })),
    ...more.map(each => ({ ...each, peer: peers[Number(each.peer.slice(1))] as string }))
  ]
  const periods: CalledRun['periods'] = []
  const gone = new Set<string>()
  const collectives = new Collectives({
    instances: () => instances.filter(({ peer }) => !gone.has(peer)),
    deliver: (peer, message) => server.deliver(run, peer, message),
    onPeriod: (by, at, period) => periods.push({ by: nameOf(by), step: at, period }),
    clock
  })
  server.open(run, { admits: peer => peers.includes(peer), leaseIntervalMs: 60_000, onAcks: () => {} })
  let received = 0
  server.serveCalls(run, (peer, message) => {
    collectives.receive(peer, message)
    received++
  })
  collectives.begin(step)
  const sockets = new SocketFolder({ root: scratch(), isPassage: false })
  const opened: OpenCalls[] = []
  const open = async (client: RunStreamClient, out: string, workload: string) => {
    mkdirSync(out, { recursive: true })
    const calls = await openCalls({
      ...{ origin: { step, workload, instance: 1 }, folder: scratch(), out, sockets },
      ask: (from, body, signal) => client.calls.ask(from, body, signal),
      time: () => ({ at: 1_000, bound: 0.5 })
    })
    opened.push(calls)
    return calls
  }
  const members: CalledMember[] = []
  for (const peer of peers) {
    const link = linkTo(serve(runStreamProtocol, handler as Handler<FromMember, FromController>), peer, { delay })
    const client = new RunStreamClient({ run, open: link.open })
    client.start()
    const out = join(scratch(), 'out')
    members.push({ peer, link, client, out, calls: await open(client, out, 'load') })
  }
  return {
    ...{ collectives, members, instances, periods },
    received: () => received,
    open: (i, workload = 'load') => open((members[i] as CalledMember).client, join(scratch(), 'out'), workload),
    async close() {
      for (const calls of opened) await calls.close()
      collectives.close('the test is over')
      server.close(run)
      for (const { client } of members) await client.stop()
    }
  }
}

/** One connection, spoken line by line. */
export class Spoken {
  readonly socket: Socket
  #lines: string[] = []
  #rest = ''
  #ended = false
  #changed = Promise.withResolvers<void>()

  constructor(path: string) {
    this.socket = connect({ path, allowHalfOpen: true })
    this.socket.setEncoding('latin1')
    this.socket.on('data', text => {
      const lines = (this.#rest + text).split('\n')
      this.#rest = lines.pop() as string
      this.#lines.push(...lines)
      this.#wake()
    })
    for (const event of ['end', 'error', 'close']) {
      this.socket.on(event, () => {
        this.#ended = true
        this.#wake()
      })
    }
  }

  say(line: string): void {
    this.socket.write(`${line}\n`, 'latin1')
  }

  /** @returns the next line; `the end` when there are no more; @throws after 20 s */
  async hear(): Promise<string> {
    const late = setTimeout(() => this.#changed.reject(new Error('no line came within 20 s')), 20_000)
    try {
      while (this.#lines.length === 0 && !this.#ended) await this.#changed.promise
      return this.#lines.shift() ?? 'the end'
    } finally {
      clearTimeout(late)
    }
  }

  async ask(line: string): Promise<string> {
    this.say(line)
    return this.hear()
  }

  #wake(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }
}

/** Runs the client of an instance as its workload does. */
export function callBak(
  calls: OpenCalls,
  words: string[],
  env: Record<string, string> = {},
  input?: string | Buffer
): Promise<Finished> & { child: ChildProcess } {
  const PATH = `${calls.bin}:${process.env.PATH}`
  const child = spawn('bak', words, { env: { PATH, BAK_SOCK: calls.socket, ...env }, stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin?.on('error', () => {})
  child.stdin?.end(input)
  return Object.assign(finished(child), { child })
}
