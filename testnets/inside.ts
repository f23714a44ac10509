/** Looks into a daemon from within its process, by a few lines that it loads as it starts: they answer a signal by writing a file. */
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import type { Testnet } from './testnet.ts'

/** A daemon that is asked has this long to answer, ms. */
const PATIENCE = 30_000
const MIB = 2 ** 20

const folder = tmpdir()
const answerOf = (pid: number) => join(folder, `bak-inside-${process.pid}-${pid}.json`)
const wishOf = (pid: number) => join(folder, `bak-inside-${process.pid}-${pid}.wish`)

/** It counts timers among the objects of the heap, since those that are let go are not told otherwise. */
const SOURCE = `
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import v8 from 'node:v8'
const Timeout = setTimeout(() => {}, 0).constructor
const wish = '${wishOf(0)}'.replace('-0.', '-' + process.pid + '.')
const answer = '${answerOf(0)}'.replace('-0.', '-' + process.pid + '.')
process.on('SIGUSR2', () => {
  if (existsSync(wish)) v8.writeHeapSnapshot(readFileSync(wish, 'utf8'))
  const timers = v8.queryObjects(Timeout, { format: 'count' })
  writeFileSync(answer + '.new', JSON.stringify({ ...process.memoryUsage(), timers }))
  renameSync(answer + '.new', answer)
})
`

/** @returns variables with which a daemon can be looked into */
export function insideEnv(): Record<string, string> {
  const path = join(folder, `bak-inside-${process.pid}.mjs`)
  writeFileSync(path, SOURCE, { mode: 0o600 })
  process.once('exit', () => rmSync(path, { force: true }))
  return { NODE_OPTIONS: `--import=${pathToFileURL(path)}` }
}

/** What one daemon holds after a garbage collection. */
export interface InMemoryEntry {
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
  async look(runs: number): Promise<InMemoryEntry> {
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

  /** Writes a picture of its heap. */
  async picture(path: string): Promise<void> {
    writeFileSync(wishOf(this.#pid), join(process.cwd(), path))
    await this.#ask()
    rmSync(wishOf(this.#pid))
  }

  get #pid(): number {
    return this.#testnet.peer(this.#name).child?.pid as number
  }

  async #ask(): Promise<{ heapUsed: number; external: number; timers: number }> {
    const path = answerOf(this.#pid)
    process.kill(this.#pid, 'SIGUSR2')
    for (const late = Date.now() + PATIENCE; Date.now() < late; await sleep(20)) {
      const text = read(path)
      if (text === '') continue
      rmSync(path)
      return JSON.parse(text)
    }
    throw new Error(`${this.#name} did not say what it holds within ${PATIENCE / 1000} s`)
  }
}

/** MiB. */
function pssOf(pid: number): number {
  return Number(/^Pss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? Number.NaN) / 1024
}

/** @returns bytes of all files below, without folders of these names at the top */
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
