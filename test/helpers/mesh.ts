/** Real daemons for a test file, and queries of their runs, logs and processes. */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CallRequest } from '../../protocols/control.ts'
import type { RunEvent, StoredEvent } from '../../protocols/events.ts'
import { type RunRecord, readRecord } from '../../protocols/record.ts'
import { BAK_NODE } from '../../testnets/programs.ts'
import { type Finished, finished, Testnet, type TestnetInit } from '../../testnets/testnet.ts'
import { until } from './until.ts'

export { type Finished, finished, Testnet }

/** Starts a testnet before the suite's first test and stops it after its last, whatever happened. */
export function useTestnet(
  suite: { before(hook: () => Promise<void>): void; after(hook: () => Promise<void>): void },
  init: TestnetInit
): () => Testnet {
  let testnet: Testnet | undefined
  suite.before(async () => {
    testnet = await Testnet.start(init).catch(cause => {
      // uvu does not say what a hook throws
      process.stdout.write(`FAIL  a testnet for tests: ${(cause as Error).message.split('\n').join(' | ')}\n`)
      throw cause
    })
  })
  suite.after(async () => {
    await testnet?.stop()
  })
  return () => {
    if (testnet == null) throw new Error('the testnet did not start')
    return testnet
  }
}

export interface Started {
  run: string
  /** All events so far. */
  events: RunEvent[]
  /** Resolves with the first event that fits; rejects when the run ends or 30 s pass without one. */
  until(fits: (event: RunEvent) => boolean): Promise<RunEvent>
  finished: Promise<Finished>
  kill(signal: NodeJS.Signals): void
}

/** Starts `bak run --json ...` as a process and reads its events. */
export async function startRun(testnet: Testnet, peer: string, args: string[], cwd?: string): Promise<Started> {
  const child = testnet.spawnBak(peer, ['run', '--json', ...args], { cwd })
  const events: RunEvent[] = []
  const waiting = new Set<() => void>()
  let rest = ''
  child.stdout?.on('data', data => {
    const lines = (rest + data).split('\n')
    rest = lines.pop() as string
    events.push(...lines.map(line => JSON.parse(line) as RunEvent))
    for (const wake of waiting) wake()
  })
  const end = finished(child)
  const untilEvent = (fits: (event: RunEvent) => boolean) =>
    new Promise<RunEvent>((resolve, reject) => {
      const timer = setTimeout(
        () => done(new Error(`no such event in 30 s; last was ${JSON.stringify(events.at(-1))}`)),
        30_000
      )
      const done = (error?: Error, event?: RunEvent) => {
        clearTimeout(timer)
        waiting.delete(check)
        if (event != null) resolve(event)
        else reject(error)
      }
      const check = () => {
        const found = events.find(fits)
        if (found != null) done(undefined, found)
      }
      waiting.add(check)
      check()
      end.then(({ stderr }) => done(new Error(`the run ended without such an event: ${stderr}`)))
    })
  const first = await untilEvent(event => 'run' in event)
  return {
    run: (first as { run: string }).run,
    events,
    until: untilEvent,
    finished: end,
    kill: signal => void child.kill(signal)
  }
}

export const isPhase =
  (phase: string, type: 'phase-open' | 'phase-closed' = 'phase-open') =>
  (event: RunEvent) =>
    event.type === type && (event as { phase: string }).phase === phase

export function record(testnet: Testnet, peer: string, run: string): RunRecord {
  return readRecord(readFileSync(join(testnet.peer(peer).home, 'runs', run, 'run.json'), 'utf8'))
}

export function journal(testnet: Testnet, peer: string, run: string): StoredEvent[] {
  const text = readFileSync(join(testnet.peer(peer).home, 'runs', run, 'journal.ndjson'), 'utf8')
  return text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
}

/** @returns the ids of processes whose command line contains `mark` */
export function processesWith(mark: string): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter(pid => commandLine(pid).includes(mark))
    .map(Number)
}

/** @returns the ids of processes that run `sleep MARK` by now: what starts a program apart has its whole line as an argument, too */
export const sleepsOf = (mark: string) => processesWith(mark).filter(pid => commandLine(`${pid}`).startsWith('sleep '))

/** @throws if processes with `mark` in their command line are still running after `within` ms */
export async function goneWithin(mark: string, within: number): Promise<void> {
  await until(() => processesWith(mark).length === 0, {
    timeout: within,
    what: () => `gone are ${processesWith(mark).map(String).map(commandLine).join(' | ')}`
  })
}

export const sleep = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms))

let marks = 0
/** @returns seconds for `sleep` that no other process of this machine has on its command line */
export const uniqueSleep = () => `${3000 + (process.pid % 1000)}.${process.pid}${marks++}`

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

/** Runs `bak-node` with a peer's home, and waits for its end. */
export function bakNode(testnet: Testnet, name: string, words: string[]): Promise<Finished> {
  return finished(spawn(BAK_NODE, ['--home', testnet.peer(name).home, ...words], { stdio: ['ignore', 'pipe', 'pipe'] }))
}

/** @returns a new ticket from a peer */
export async function ticketFrom(testnet: Testnet, name: string, wish: CallRequest<'invite'> = {}): Promise<string> {
  for await (const { ticket } of testnet.call(name, 'invite', wish)) return ticket
  throw new Error('no ticket')
}

export const logOf = (testnet: Testnet, name: string) => readFileSync(join(testnet.folder, `${name}.log`), 'utf8')

/** @returns the first line of a peer's log that fits; @throws if there is none within `timeout` ms */
export async function untilLogged(testnet: Testnet, name: string, line: RegExp, timeout = 5_000): Promise<string> {
  const find = () =>
    logOf(testnet, name)
      .split('\n')
      .find(each => line.test(each))
  return until(find, { timeout, what: () => `${name} logs ${line}:\n${logOf(testnet, name)}` })
}
