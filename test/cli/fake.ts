/** A daemon that only answers what a test tells it, and the program as a child of the test. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'uvu'
import type { CallHandlers, MemberView } from '../../protocols/control.ts'
import { serveControl } from '../../protocols/control-http.ts'
import type { BakError } from '../../protocols/errors.ts'
import type { EndedEvent, EventBody, LiveBody, RunEvent } from '../../protocols/events.ts'

export const RUN = '20261122T213015-k3f9ab'
export const PEER = '12D3KooWGBfMVCN1C5bRUyoDvZTH2SzLrKFhEYw7sYbnyBLZ9xLp'
export const DIGEST = 'a'.repeat(64)
export const AT = Date.UTC(2026, 10, 22, 21, 30, 15)

export const BAK = fileURLToPath(new URL('../../bin/bak', import.meta.url))
/** A child that takes longer hangs. */
const LIMIT = 60_000

export interface Result {
  /** Exit status, or the signal that ended it. */
  status: number | string
  stdout: string
  stderr: string
}

export interface Child {
  process: ChildProcess
  ended: Promise<Result>
  /** Waits until something was printed, on either stream. */
  sees(text: string): Promise<void>
}

export interface Fake {
  home: string
  bak(...words: string[]): Promise<Result>
  start(words: string[], options?: { env?: Record<string, string>; cwd?: string }): Child
  stop(): Promise<void>
}

/** A daemon in a folder of its own. Calls that the test does not handle say so. */
export async function startFake(handlers: Partial<CallHandlers> = {}): Promise<Fake> {
  const home = mkdtempSync(join(tmpdir(), 'bak-cli-'))
  const server = await serveControl(handlers as CallHandlers, join(home, 'bak.sock'))
  const children: Child[] = []
  const start: Fake['start'] = (words, options) => {
    const child = startBak(['--home', home, ...words], options)
    children.push(child)
    return child
  }
  return {
    home,
    start,
    bak: (...words) => start(words).ended,
    async stop() {
      for (const { process } of children) if (process.exitCode == null) process.kill('SIGKILL')
      await Promise.all(children.map(({ ended }) => ended))
      await server.close()
      rmSync(home, { recursive: true, force: true })
    }
  }
}

/** @returns a function that starts a daemon, which ends after the test */
export function useFakes(tests: Test): typeof startFake {
  let fakes: Fake[] = []
  tests.after.each(async () => {
    for (const each of fakes) await each.stop()
    fakes = []
  })
  return async handlers => {
    const started = await startFake(handlers)
    fakes.push(started)
    return started
  }
}

export function startBak(
  words: string[],
  { env = {}, cwd }: { env?: Record<string, string>; cwd?: string } = {}
): Child {
  const plain = Object.fromEntries(
    Object.entries(process.env).filter(([key]) => !key.startsWith('BAK_') && key !== 'DEBUG')
  )
  const child = spawn(BAK, words, { env: { ...plain, ...env }, cwd, stdio: ['ignore', 'pipe', 'pipe'], timeout: LIMIT })
  const printed = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', text => {
      printed[stream] += text
    })
  }
  return {
    process: child,
    ended: once(child, 'close').then(([code, signal]) => ({ status: code ?? signal, ...printed })),
    async sees(text) {
      while (!printed.stdout.includes(text) && !printed.stderr.includes(text)) {
        if (child.exitCode != null) throw new Error(`it ended without ${text}: ${printed.stdout}${printed.stderr}`)
        await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data'), once(child, 'close')])
      }
    }
  }
}

/** Numbers and dates events, a second apart. */
export function timed(...bodies: (EventBody | LiveBody)[]): RunEvent[] {
  return bodies.map((body, n) => ({ n, at: AT + n * 1000, ...body }) as RunEvent)
}

export const created: EventBody = { type: 'created', run: RUN, controller: PEER, name: 'smoke', command: ['true'] }

export const rosterOf = (...names: string[]): EventBody => ({
  type: 'roster',
  manifest: DIGEST,
  members: names.map((name, rank) => ({ peer: PEER, name, rank, tools: ['vmstat'] }))
})

/** With the workloads of each member: how many instances of which. */
export const rosterWith = (members: Record<string, Record<string, number>>): EventBody => ({
  type: 'roster',
  manifest: DIGEST,
  members: Object.entries(members).map(([name, workloads], rank) => ({
    ...{ peer: PEER, name, rank, tools: [] },
    workloads: Object.entries(workloads).map(([name, instances]) => ({ name, instances, rank: 0 }))
  }))
})

export const ended = (more: Partial<EndedEvent> = {}): EventBody => ({
  type: 'ended',
  verdict: 'ok',
  status: 0,
  partial: false,
  excluded: [],
  shortfalls: [],
  beside: [],
  bytes: 0,
  took: 1234,
  folder: '/results/x',
  ...more
})

/** A handler that yields these and ends. */
export const yields = <T>(...values: T[]) =>
  async function* () {
    yield* values
  }

export const fails = (error: BakError) =>
  async function* (): AsyncGenerator<never> {
    throw error
  }

export const member = (name: string, more: Partial<MemberView> = {}): MemberView => ({
  peer: PEER,
  name,
  shown: name,
  version: 1,
  role: 'controller',
  state: 'alive',
  path: 'direct',
  since: Date.now() - 90_000,
  labels: {},
  addresses: [],
  tools: [],
  registered: [],
  runs: [],
  cores: 4,
  memory: 8 * 2 ** 30,
  os: 'Linux 6.12',
  arch: 'x64',
  program: '0.1.0',
  started: Date.now() - 100_000,
  ...more
})
