/**
 * The daemon under test: a real one in this process, which drives one run and has driven another one to its end, with one
 * member. The messages between the two are recorded, and inputs are mutations of them.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { GossipSub } from '@chainsafe/libp2p-gossipsub'
import type { Libp2p, StreamHandler } from '@libp2p/interface'
import type { Registrar } from '@libp2p/interface-internal'
import { peerIdFromString } from '@libp2p/peer-id'
import { loadConfig } from '../../node/config.ts'
import { type Daemon, startDaemon } from '../../node/daemon.ts'
import { createLog } from '../../node/log.ts'
import {
  NEIGHBOUR,
  NEIGHBOUR_BYTES,
  PASSED_ON,
  PASSED_ON_BYTES,
  SIGNER,
  STREAMS
} from '../../node/mesh/limits/constants.ts'
import { openHome } from '../../node/store/home.ts'
import { cancelProtocol } from '../../protocols/cancel.ts'
import { changeToolsProtocol } from '../../protocols/changed-tools.ts'
import { check, type Schema } from '../../protocols/codec.ts'
import { collectProtocol } from '../../protocols/collect.ts'
import { callOnce } from '../../protocols/control-http.ts'
import type { Signer } from '../../protocols/envelope.ts'
import { attachProtocol, describeProtocol } from '../../protocols/events.ts'
import { registerProtocol } from '../../protocols/hello.ts'
import { jobRecordsProtocol } from '../../protocols/jobs/job-records.ts'
import { leftoversProtocol } from '../../protocols/leftovers.ts'
import { memberOutputProtocol, outputProtocol } from '../../protocols/output.ts'
import { runListProtocol } from '../../protocols/run-list.ts'
import { type Spec, spec } from '../../protocols/spec.ts'
import { stageProtocol } from '../../protocols/stage.ts'
import { ask, type Protocol } from '../../protocols/stream.ts'
import { readTicket } from '../../protocols/ticket.ts'
import { twinProtocol } from '../../protocols/twin.ts'
import { newSigner } from '../helpers/streams.ts'
import { concat } from './bytes.ts'

/** Of one exchange; more would only repeat itself. */
const MAX_RECORDED_BYTES = 64 * 1024

export interface World {
  folder: string
  /** The daemon that gets the inputs, and the member that they claim to come from. */
  target: Daemon
  member: Daemon
  stranger: Signer
  /** Of the member. */
  ticket: string
  ended: string
  live: string
  /** A content of two chunks that the target has. */
  staged: { digest: string; bytes: number }
  /** By protocol, one entry per exchange: what callers sent, and the answers. */
  said: Map<string, Uint8Array[]>
  answered: Map<string, Uint8Array[]>
  /** By topic. */
  published: Map<string, Uint8Array[]>
  /** Log lines of bugs, and unhandled rejections. */
  problems: string[]
  /** Closes further servers of this world. */
  ends: Array<() => Promise<void>>
  stop(): Promise<void>
}

export async function startWorld(): Promise<World> {
  // rate limits have their own tests; the fuzzer exceeds all of them
  for (const rate of [STREAMS, SIGNER, PASSED_ON, PASSED_ON_BYTES, NEIGHBOUR, NEIGHBOUR_BYTES]) {
    Object.assign(rate, { each: Number.MAX_SAFE_INTEGER, burst: Number.MAX_SAFE_INTEGER })
  }
  // a file system in memory does not wear out a disk
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'bak-fuzz-'))
  const problems: string[] = []
  const onUnhandled = (error: unknown) => void problems.push(`unhandled: ${(error as Error)?.stack ?? error}`)
  process.on('unhandledRejection', onUnhandled)
  const daemons: Daemon[] = []
  const ends: World['ends'] = []
  const stop = async () => {
    for (const end of ends) await end()
    for (const daemon of daemons) await daemon.stop()
    process.off('unhandledRejection', onUnhandled)
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const target = await startOne(folder, 'target', problems)
    daemons.push(target)
    const { ticket } = await callOnce(target.parts.home.socket, 'invite', {})
    const member = await startOne(folder, 'member', problems, ticket)
    daemons.push(member)
    const world: World = {
      ...{ folder, target, member, stranger: newSigner(), ticket, ended: '', live: '', problems, ends, stop },
      staged: { digest: '', bytes: 0 },
      ...{ said: new Map(), answered: new Map(), published: new Map() }
    }
    for (const { parts } of daemons) parts.peerScore.note = () => {}
    const restore = daemons.map(daemon => record(daemon, world))
    await converse(world)
    for (const each of restore) each()
    problems.length = 0
    return world
  } catch (error) {
    await stop()
    throw error
  }
}

async function startOne(folder: string, name: string, problems: string[], ticket?: string): Promise<Daemon> {
  const home = await openHome(join(folder, name))
  // made-up addresses must not be dialled
  const quiet = { direct: false, upnp: false, relay: 'on' as const, log: 'error' as const }
  const settings = { name, listen: ['/ip4/127.0.0.1/tcp/0'], label: { archive: 'true' }, ...quiet }
  return startDaemon({
    home,
    config: await loadConfig(home, settings),
    ticket: ticket == null ? undefined : readTicket(ticket),
    log: createLog('error', line => problems.push(line)),
    onStop: () => problems.push('a daemon was told to stop'),
    onShutOut: why => problems.push(`a daemon was shut out: ${why}`)
  })
}

/** Records every exchange: a whole run, and then one call of each protocol. */
async function converse(world: World): Promise<void> {
  const { target, member } = world
  await member.parts.network.hangUp(peerIdFromString(target.parts.identity.peer))
  await until(() => [target, member].every(({ parts }) => parts.members.list().every(({ state }) => state === 'alive')))
  await until(() => target.parts.streams.connected(member.parts.identity.peer))
  // a small result folder, because it is verified for each input
  world.ended = await begin(target, { command: ['true'], sysinfo: 'none' })
  for await (const _ of target.parts.coordinator.follow(world.ended, 0, new AbortController().signal));
  const run = world.ended
  await put(member, target, describeProtocol, { run })
  await put(member, target, outputProtocol, { run })
  await put(member, target, leftoversProtocol, {})
  await put(member, target, runListProtocol, {})
  await put(member, target, twinProtocol, {})
  await put(member, target, attachProtocol, { run, from: 0 })
  await put(member, target, cancelProtocol, { run, reason: 'it is over' })
  const change = { change: 'attach' as const, tool: 'vmstat', group: 'default', on: 'all', options: ['-a'] }
  await put(member, target, changeToolsProtocol, { run, ...change })
  await put(target, member, collectProtocol, { run })
  await put(member, target, registerProtocol, { group: 'default', add: [{ tool: 'proc', options: [] }] })
  await target.parts.mover.move(
    run,
    { kind: 'peer', peer: member.parts.identity.peer, name: 'member' },
    { keep: true, ...quiet }
  )
  await stage(world)
  world.live = await begin(target, { command: ['sleep', '3600'] })
  await until(() => target.parts.coordinator.driver(world.live)?.run.record.phase === 'work')
  await put(member, target, memberOutputProtocol, { run: world.live })
  for (const type of ['jobs', 'artifacts', 'slots'] as const) await put(member, target, jobRecordsProtocol, { type })
}

async function stage(world: World): Promise<void> {
  const { target, member, folder } = world
  const path = join(folder, 'staged')
  writeFileSync(path, new Uint8Array(64 * 1024 + 1))
  world.staged = await target.parts.artifacts.imports.take(path, { by: target.parts.identity.peer })
  const { digest, bytes } = world.staged
  await put(target, member, stageProtocol, { type: 'fetch', digest, bytes, path: 'staged', pinned: false, from: [] })
  await put(member, target, stageProtocol, { type: 'list' })
}

const quiet = { signal: new AbortController().signal, onProgress: () => {} }

async function begin({ parts }: Daemon, wanted: object): Promise<string> {
  const directory = parts.home.root
  const asked = check(spec as Schema<Spec>, { tools: ['proc'], interval: 1, ...wanted })
  const { run } = await parts.coordinator.begin({ spec: asked, directory, env: { PATH: process.env.PATH ?? '' } })
  return run
}

/** One call, which may be refused. */
async function put<Q>(from: Daemon, to: Daemon, protocol: Protocol<Q, unknown>, question: Q): Promise<void> {
  const answers = ask(from.parts.streams.to(to.parts.identity.peer), protocol, question)
  await Array.fromAsync(answers).catch(() => {})
}

/** Records all streams of bak's protocols and all published messages. @returns a function that stops it */
function record({ parts }: Daemon, world: World): () => void {
  const pubsub = pubsubOf(parts.network)
  const onMessage = (event: Event) => {
    const { topic, data } = (event as CustomEvent<Published>).detail
    recorder(world.published, topic)(data)
  }
  pubsub.addEventListener('message', onMessage)
  const ends = [() => pubsub.removeEventListener('message', onMessage)]
  for (const id of ours(parts.network)) {
    const served = handlerOf(parts.network, id)
    const { handler } = served
    ends.push(() => Object.assign(served, { handler }))
    served.handler = (stream, connection) => {
      const [said, answered] = [recorder(world.said, id), recorder(world.answered, id)]
      stream.addEventListener('message', ({ data }) => said(data.subarray()))
      const send = stream.send.bind(stream)
      stream.send = data => {
        answered(data.subarray())
        return send(data)
      }
      return handler(stream, connection)
    }
  }
  return () => {
    for (const end of ends) end()
  }
}

interface Published {
  topic: string
  data: Uint8Array
}

export const pubsubOf = (network: Libp2p) => network.services.pubsub as GossipSub

/** @returns a function that appends to one exchange of a kind */
function recorder(all: Map<string, Uint8Array[]>, kind: string): (bytes: Uint8Array) => void {
  const list = all.get(kind) ?? []
  all.set(kind, list)
  let index = -1
  return bytes => {
    if (index < 0) index = list.push(new Uint8Array()) - 1
    const before = list[index] as Uint8Array
    if (before.length + bytes.length <= MAX_RECORDED_BYTES) list[index] = concat(before, bytes)
  }
}

/** @returns the ids of bak's protocols that a peer serves */
export const ours = (network: Libp2p) => network.getProtocols().filter(id => id.startsWith('/bak/'))

/** @returns the registration of a protocol, with the handler that libp2p calls */
export function handlerOf(network: Libp2p, id: string): { handler: StreamHandler } {
  return (network as unknown as { components: { registrar: Registrar } }).components.registrar.getHandler(id) as never
}

async function until(fits: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 30_000; !fits(); await sleep(20)) {
    if (Date.now() > deadline) throw new Error(`it did not happen: ${fits}`)
  }
}
