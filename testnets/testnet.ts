/**
 * A mesh of real daemons on this machine, each with a home of its own below one folder. For tests, for the demo, and for trying
 * out a policy before it is used.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream, existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CallName, CallRequest, CallResponse, MemberView } from '../protocols/control.ts'
import { callDaemon } from '../protocols/control-http.ts'
import { socketOf } from '../protocols/default-home.ts'
import { BakError } from '../protocols/errors.ts'
import { BAK, BAK_NODE } from './programs.ts'

/** Times for a daemon to be ready, and to leave in order before it is killed. */
const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 15_000
/** Daemons that start at the same time: each takes a second of a core. */
const START_CONCURRENCY = 4

/** Daemons that run: a script that dies must not leave them behind. */
const orphans = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of orphans) child.kill('SIGKILL')
})

export interface TestnetInit {
  /** How many peers, called n1, n2, ...; or their names. */
  peers: number | string[]
  /** A folder of its own; a temporary one, removed at the end, where it is not given. */
  folder?: string
  /** Further arguments of `bak-node daemon` for each peer. */
  args?(name: string): string[]
  env?: Record<string, string>
  /** Where each daemon runs; on loopback of this machine if not given. */
  place?(name: string): Place
}

/** A network that a daemon runs in. */
export interface Place {
  /** The begin of its command line. */
  enter: string[]
  /** The address that it listens on. */
  listen: string
}

/** All peers of a testnet are of the user who started it; root's daemons do without. */
const OWN_USER = process.getuid?.() === 0 ? [] : ['--allow-workloads']
const LOOPBACK: Place = { enter: [], listen: '/ip4/127.0.0.1/tcp/0' }

export interface Finished {
  status: number | null
  signal: string | null
  stdout: string
  stderr: string
}

export interface TestPeer {
  name: string
  home: string
  /** The daemon, while it runs. */
  child: ChildProcess | undefined
}

export class Testnet {
  readonly folder: string
  readonly peers: TestPeer[]
  readonly #init: TestnetInit
  readonly #temporary: boolean
  #ticket = ''

  private constructor(init: TestnetInit, folder: string) {
    this.#init = init
    this.folder = folder
    this.#temporary = init.folder == null
    const names =
      typeof init.peers === 'number' ? Array.from({ length: init.peers }, (_, i) => `n${i + 1}`) : init.peers
    this.peers = names.map(name => ({ name, home: join(folder, name), child: undefined }))
  }

  /** Starts the founder, then the others with its ticket, and waits until all see all. */
  static async start(init: TestnetInit): Promise<Testnet> {
    const folder = init.folder ?? (await mkdtemp(join(tmpdir(), 'bak-')))
    await mkdir(folder, { recursive: true })
    const testnet = new Testnet(init, folder)
    try {
      await testnet.#startAll()
      return testnet
    } catch (error) {
      await testnet.stop()
      throw error
    }
  }

  peer(name: string): TestPeer {
    const found = this.peers.find(each => each.name === name)
    if (found == null) throw new Error(`no peer ${name} in this testnet`)
    return found
  }

  /** One more peer; it is not started yet. */
  add(name: string): TestPeer {
    const peer: TestPeer = { name, home: join(this.folder, name), child: undefined }
    this.peers.push(peer)
    return peer
  }

  get ticket(): string {
    return this.#ticket
  }

  /** Starts a peer that is not running, again or for the first time, then with a ticket. */
  async startPeer(name: string, ticket = this.#ticket, more: string[] = []): Promise<void> {
    const peer = this.peer(name)
    const known = existsSync(join(peer.home, 'mesh.json'))
    const joins = !known && ticket !== ''
    const { enter, listen } = this.#init.place?.(name) ?? LOOPBACK
    const args = [
      '--home',
      peer.home,
      'daemon',
      ...(joins ? ['join', '-'] : []),
      '--name',
      name,
      '--listen',
      listen,
      ...OWN_USER
    ]
    const [program = BAK_NODE, ...before] = [...enter, BAK_NODE]
    const child = spawn(program, [...before, ...args, ...(this.#init.args?.(name) ?? []), ...more], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...this.#init.env },
      // a Ctrl-C at the terminal goes to the script only, which then stops its daemons in order
      detached: true
    })
    // an error: the daemon has ended, which is reported below
    child.stdin?.on('error', () => {})
    child.stdin?.end(joins ? `${ticket}\n` : '')
    peer.child = child
    orphans.add(child)
    child.once('exit', () => orphans.delete(child))
    child.stderr?.pipe(createWriteStream(join(this.folder, `${name}.log`), { flags: 'a' }))
    await isReady(name, child)
  }

  /** @param signal SIGTERM leaves the mesh in order; resolves when the process has ended */
  async stopPeer(name: string, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.end(this.peer(name), signal)
  }

  /** Ends a peer's daemon, also of a peer that is no longer part of the testnet. */
  async end(peer: TestPeer, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const { child } = peer
    if (child == null || child.exitCode != null || child.signalCode != null) return
    const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
    const forced = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    child.kill('SIGCONT')
    child.kill(signal)
    await ended
    clearTimeout(forced)
    peer.child = undefined
  }

  /** Runs `bak` against one peer to its end. */
  bak(name: string, args: string[], options: { cwd?: string; env?: Record<string, string> } = {}): Promise<Finished> {
    return finished(this.spawnBak(name, args, options))
  }

  spawnBak(name: string, args: string[], options: { cwd?: string; env?: Record<string, string> } = {}): ChildProcess {
    return spawn(BAK, args, {
      cwd: options.cwd ?? this.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env, BAK_HOME: this.peer(name).home }
    })
  }

  /** A call on a peer's control socket. */
  call<N extends CallName>(name: string, call: N, request: CallRequest<N>, options: { signal?: AbortSignal } = {}) {
    return callDaemon(socketOf(this.peer(name).home), call, request, options) as AsyncGenerator<CallResponse<N>>
  }

  async members(name: string): Promise<MemberView[]> {
    for await (const { members } of this.call(name, 'members', {})) return members
    return []
  }

  /** Waits until the members that one peer sees match. @throws if they do not within `timeout` ms */
  async until(name: string, matches: (members: MemberView[]) => boolean, timeout = 15_000): Promise<void> {
    const signal = AbortSignal.timeout(timeout)
    let last: MemberView[] = []
    try {
      for await (const { members } of this.call(name, 'members', { watch: true }, { signal })) {
        last = members
        if (matches(members)) return
      }
    } catch (cause) {
      if (!signal.aborted) throw cause
    }
    throw new BakError(
      'timeout',
      `${name} sees ${last.map(m => `${m.name} ${m.state}`).join(', ')} after ${timeout / 1000} s`
    )
  }

  /** Ends every daemon; removes the folder if nobody named it. */
  async stop(): Promise<void> {
    await Promise.all(this.peers.map(({ name }) => this.stopPeer(name)))
    if (this.#temporary) await rm(this.folder, { recursive: true, force: true, maxRetries: 3 })
  }

  async #startAll(): Promise<void> {
    const [founder, ...others] = this.peers.map(({ name }) => name)
    if (founder == null) return
    await this.startPeer(founder)
    for await (const { ticket } of this.call(founder, 'invite', {})) this.#ticket = ticket
    await this.startPeers(others)
  }

  /** Starts peers, a few at a time. @returns when all see all */
  async startPeers(names: string[]): Promise<void> {
    for (let i = 0; i < names.length; i += START_CONCURRENCY) {
      await Promise.all(names.slice(i, i + START_CONCURRENCY).map(name => this.startPeer(name)))
    }
    const all = (members: MemberView[]) => members.filter(m => m.state === 'alive').length >= this.peers.length
    for (const { name } of this.peers) await this.until(name, all, 30_000)
  }
}

/** @returns the output of a program, when it has ended */
export function finished(child: ChildProcess): Promise<Finished> {
  const texts = { stdout: '', stderr: '' }
  child.stdout?.on('data', data => (texts.stdout += data))
  child.stderr?.on('data', data => (texts.stderr += data))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status, signal) => resolve({ status, signal, ...texts }))
  })
}

function isReady(name: string, child: ChildProcess): Promise<void> {
  let stdout = ''
  let stderr = ''
  child.stderr?.on('data', data => (stderr += data))
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${name} was not ready within ${START_TIMEOUT_MS / 1000} s: ${stderr}`)),
      START_TIMEOUT_MS
    )
    child.stdout?.on('data', data => {
      stdout += data
      if (stdout.endsWith('ready\n')) resolve(clearTimeout(timer))
    })
    child.once('exit', status => {
      clearTimeout(timer)
      reject(new Error(`${name} ended with ${status}: ${stderr}`))
    })
  })
}
