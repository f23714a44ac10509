/**
 * Notifies the service manager of the daemon's state with systemd-notify, because Node has no datagram sockets of the family
 * AF_UNIX. Without NOTIFY_SOCKET it does nothing.
 */
import { execFile } from 'node:child_process'
import type { Log } from '../log.ts'

/** The manager accepts a datagram at once or not at all. */
const NOTIFY_TIMEOUT_MS = 5_000

export class Notify {
  readonly #socket: string | undefined
  readonly #path: string | undefined
  readonly #log: Log

  /** Removes NOTIFY_SOCKET from `env`, so that no tool or workload can notify in the daemon's place. */
  constructor(env: Record<string, string | undefined>, log: Log) {
    this.#socket = env.NOTIFY_SOCKET
    this.#path = env.PATH
    this.#log = log.with({}, 'service')
    delete env.NOTIFY_SOCKET
  }

  /** @param status one line for `systemctl status` */
  ready(status: string): Promise<void> {
    return this.#notify('READY=1', `STATUS=${status}`)
  }

  stopping(status: string): Promise<void> {
    return this.#notify('STOPPING=1', `STATUS=${status}`)
  }

  /** Never rejects: the daemon works without it. */
  #notify(...words: string[]): Promise<void> {
    if (!this.#socket) return Promise.resolve()
    const env = { NOTIFY_SOCKET: this.#socket, PATH: this.#path }
    return new Promise(resolve => {
      execFile('systemd-notify', words, { env, timeout: NOTIFY_TIMEOUT_MS }, error => {
        if (error != null)
          this.#log.warn('the service manager was not notified', { what: words[0], why: error.message })
        resolve()
      })
    })
  }
}
