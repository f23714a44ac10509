/** The switch of a segment: a small program (`switch.c`), compiled where it is used and controlled over its stdin. */
import { type ChildProcess, execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Namespace } from './namespace.ts'

export const SOURCE = fileURLToPath(new URL('switch.c', import.meta.url))
const ANSWER_TIMEOUT_MS = 5_000

/** What happens to frames between any two ports of a segment. */
export interface Conditions {
  /** One way, ms. */
  delay?: number
  /** Percent of all frames. */
  loss?: number
  /** Of each port, in each direction, bit/s; no limit if 0. */
  rate?: number
}

export class Switch {
  readonly #child: ChildProcess
  readonly #ports: number[]
  #stderr = ''

  private constructor(child: ChildProcess, ports: number[]) {
    this.#child = child
    this.#ports = ports
    child.stderr?.on('data', data => (this.#stderr += data))
    // the next call reports a switch that has ended
    child.stdin?.on('error', () => {})
  }

  /** @param ports the interfaces `p<number>` of the namespace */
  static async start(namespace: Namespace, ports: number[]): Promise<Switch> {
    const program = await compile()
    const made = new Switch(namespace.spawn([program, ...ports.map(String)], { stdio: 'pipe' }), ports)
    await made.set({}, () => 0)
    return made
  }

  /**
   * One call at a time.
   * @param groupOf frames pass only between ports of the same group
   */
  async set({ delay = 0, loss = 0, rate = 0 }: Conditions, groupOf: (port: number) => number): Promise<void> {
    const numbers = [delay * 1e3, loss * 1e4, rate / 8, ...this.#ports.map(groupOf)].map(Math.round)
    this.#child.stdin?.write(`${numbers.join(' ')}\n`)
    try {
      await once(this.#child.stdout as Readable, 'data', { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) })
    } catch {
      throw new Error(`the switch of the segment does not answer: ${this.#stderr.trim()}`)
    }
  }

  stop(): void {
    this.#child.kill()
  }
}

let compiled: Promise<string> | undefined

/** Once in each process; the program is removed when the process ends. */
function compile(): Promise<string> {
  compiled ??= (async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bak-switch-'))
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
    const program = join(folder, 'switch')
    await promisify(execFile)('cc', ['-O2', '-o', program, SOURCE], { timeout: 60_000 })
    return program
  })()
  return compiled
}
