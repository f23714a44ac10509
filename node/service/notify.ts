/**
 * Tells the service manager what the daemon is at, by systemd-notify: Node has no sockets for datagrams on the file system. Without
 * a manager that wants to hear, it does nothing.
 */
import { execFile } from 'node:child_process'
import type { Log } from '../log.ts'

/** The manager takes it at once, or does not take it, ms. */
const PATIENCE = 5_000

export class Notify {
  readonly #socket: string | undefined
  readonly #path: string | undefined
  readonly #log: Log

  /** Takes NOTIFY_SOCKET out of `env`, so that no tool or workload can speak for the daemon. */
  constructor(env: Record<string, string | undefined>, log: Log) {
    this.#socket = env.NOTIFY_SOCKET
    this.#path = env.PATH
    this.#log = log.with({}, 'service')
    delete env.NOTIFY_SOCKET
  }

  /** @param status one line for `systemctl status` */
  ready(status: string): Promise<void> {
    return this.#tell('READY=1', `STATUS=${status}`)
  }

  stopping(status: string): Promise<void> {
    return this.#tell('STOPPING=1', `STATUS=${status}`)
  }

  /** Never rejects: a manager that hears nothing is the worse for it, and the daemon is not. */
  #tell(...words: string[]): Promise<void> {
    if (!this.#socket) return Promise.resolve()
    const env = { NOTIFY_SOCKET: this.#socket, PATH: this.#path }
    return new Promise(resolve => {
      execFile('systemd-notify', words, { env, timeout: PATIENCE }, error => {
        if (error != null) this.#log.warn('the service manager was not told', { what: words[0], why: error.message })
        resolve()
      })
    })
  }
}
