/** Plain sockets of a host of a laboratory: a small process in its network, asked and answered by lines. */
import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { Lab } from '../../testnets/lab/lab.ts'
import { fixture } from './workspace.ts'

export interface Answer {
  /** A code of the system, `silence`, or `closed`. */
  error?: string
  /** The connection, for further questions. */
  id?: number
  /** `address:port` that the far end sees. */
  seen?: string
  /** ms */
  took: number
  /** Datagrams that came back, and the last of them in hexadecimal. */
  back: number
  last: string
}

export class Sockets {
  readonly #child: ChildProcess
  readonly #asked = new Map<number, (answer: Answer) => void>()
  #next = 0

  constructor(lab: Lab, host: string) {
    this.#child = lab.host(host).namespace.spawn([process.execPath, fixture('sockets.mjs')], {
      stdio: ['pipe', 'pipe', 'inherit']
    })
    createInterface({ input: this.#child.stdout as Readable }).on('line', line => {
      const { n, ...answer } = JSON.parse(line)
      this.#asked.get(n)?.(answer)
      this.#asked.delete(n)
    })
  }

  ask(question: string, details: Record<string, unknown> = {}): Promise<Answer> {
    const n = this.#next++
    this.#child.stdin?.write(`${JSON.stringify({ n, ask: question, ...details })}\n`)
    return new Promise(resolve => this.#asked.set(n, resolve))
  }

  close(): void {
    this.#child.kill()
  }
}
