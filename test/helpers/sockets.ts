/** Plain sockets on a host of a lab network: a small process there that answers requests, one line each. */
import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { Lab } from '../../testnets/lab/lab.ts'
import { fixture } from './workspace.ts'

export interface Answer {
  /** An errno name, `silence`, or `closed`. */
  error?: string
  /** Of the connection, for further requests. */
  id?: number
  /** `address:port` of this end as the far end sees it. */
  seen?: string
  /** ms */
  took: number
  /** Datagrams that came back, and the last one in hexadecimal. */
  back: number
  last: string
}

export class Sockets {
  readonly #child: ChildProcess
  readonly #pending = new Map<number, (answer: Answer) => void>()
  #next = 0

  constructor(lab: Lab, host: string) {
    this.#child = lab.host(host).namespace.spawn([process.execPath, fixture('sockets.mjs')], {
      stdio: ['pipe', 'pipe', 'inherit']
    })
    createInterface({ input: this.#child.stdout as Readable }).on('line', line => {
      const { n, ...answer } = JSON.parse(line)
      this.#pending.get(n)?.(answer)
      this.#pending.delete(n)
    })
  }

  ask(question: string, details: Record<string, unknown> = {}): Promise<Answer> {
    const n = this.#next++
    this.#child.stdin?.write(`${JSON.stringify({ n, ask: question, ...details })}\n`)
    return new Promise(resolve => this.#pending.set(n, resolve))
  }

  close(): void {
    this.#child.kill()
  }
}
