/** Measures a daemon from within its process, by a preloaded module that answers a signal by writing a file. */
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import type { Testnet } from './testnet.ts'

/** A garbage collection and a heap snapshot are part of an answer. */
const ANSWER_TIMEOUT_MS = 30_000
const MIB = 2 ** 20

const folder = tmpdir()
const answerOf = (pid: number) => join(folder, `bak-inside-${process.pid}-${pid}.json`)
const requestOf = (pid: number) => join(folder, `bak-inside-${process.pid}-${pid}.request`)

/** Counts timers among the objects of the heap, as Node does not report unreferenced ones otherwise. */
const SOURCE = `
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import v8 from 'node:v8'
const Timeout = setTimeout(() => {}, 0).constructor
const request = '${requestOf(0)}'.replace('-0.', '-' + process.pid + '.')
const answer = '${answerOf(0)}'.replace('-0.', '-' + process.pid + '.')
process.on('SIGUSR2', () => {
  if (existsSync(request)) v8.writeHeapSnapshot(readFileSync(request, 'utf8'))
  const timers = v8.queryObjects(Timeout, { format: 'count' })
  writeFileSync(answer + '.new', JSON.stringify({ ...process.memoryUsage(), timers }))
  renameSync(answer + '.new', answer)
})
`

/** @returns the environment that preloads the module */
export function insideEnv(): Record<string, string> {
  const path = join(folder, `bak-inside-${process.pid}.mjs`)
  writeFileSync(path, SOURCE, { mode: 0o600 })
  process.once('exit', () => rmSync(path, { force: true }))
  return { NODE_OPTIONS: `--import=${pathToFileURL(path)}` }
}

/** Resources of one daemon after a garbage collection. */
export interface ResourceUsage {
  peer: string
  runs: number
  /** MiB. */
  heap: number
  outside: number
  pss: number
  files: number
  timers: number
  /** KiB in its home, but for results and logs. */
  home: number
}

export class Inside {
  readonly #testnet: Testnet
  readonly #name: string

  constructor(testnet: Testnet, name: string) {
    this.#testnet = testnet
    this.#name = name
  }

  /** @throws when it does not answer in time */
  async measure(runs: number): Promise<ResourceUsage> {
    const { home } = this.#testnet.peer(this.#name)
    const { heapUsed, external, timers } = await this.#ask()
    return {
      ...{ peer: this.#name, runs, timers },
      heap: heapUsed / MIB,
      outside: external / MIB,
      pss: pssOf(this.#pid),
      files: readdirSync(`/proc/${this.#pid}/fd`).length,
      home: sizeOf(home, ['runs']) / 1024
    }
  }

  /** Writes a snapshot of its heap. */
  async snapshot(path: string): Promise<void> {
    writeFileSync(requestOf(this.#pid), join(process.cwd(), path))
    await this.#ask()
    rmSync(requestOf(this.#pid))
  }

  get #pid(): number {
    return this.#testnet.peer(this.#name).child?.pid as number
  }

  async #ask(): Promise<{ heapUsed: number; external: number; timers: number }> {
    const path = answerOf(this.#pid)
    process.kill(this.#pid, 'SIGUSR2')
    for (const deadline = Date.now() + ANSWER_TIMEOUT_MS; Date.now() < deadline; await sleep(20)) {
      const text = read(path)
      if (text === '') continue
      rmSync(path)
      return JSON.parse(text)
    }
    throw new Error(`${this.#name} did not answer within ${ANSWER_TIMEOUT_MS / 1000} s`)
  }
}

/** MiB. */
function pssOf(pid: number): number {
  return Number(/^Pss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? Number.NaN) / 1024
}

/** @returns bytes of all files below a folder, without those in top-level folders of these names */
function sizeOf(path: string, without: string[] = []): number {
  const entries = readdirSync(path, { withFileTypes: true }).filter(({ name }) => !without.includes(name))
  return entries.reduce((sum, entry) => {
    const below = join(path, entry.name)
    return sum + (entry.isDirectory() ? sizeOf(below) : (statSync(below, { throwIfNoEntry: false })?.size ?? 0))
  }, 0)
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
