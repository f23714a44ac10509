/** The operation `command`: a process for each request. Its exit status says whether that failed. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import type { CommandOperation } from '../../../../protocols/tasks/operation.ts'
import { argvOf } from '../../contract.ts'
import { DRIVER_SOCKET } from '../driver-start.ts'
import type { ClientContext, OperationRunner, Outcome, Requester } from '../operation.ts'
import { CUT, kindOf } from './error-kinds.ts'
import { RequestTimer } from './request-timer.ts'
import { filled, type Template, templateOf } from './template.ts'

export function commandRunner(operation: CommandOperation): OperationRunner {
  return {
    async open(context) {
      return new CommandRequester(operation, context)
    },
    async close() {}
  }
}

class CommandRequester implements Requester {
  readonly #words: (string | Template)[]
  readonly #context: ClientContext
  readonly #environment: NodeJS.ProcessEnv
  readonly #timer: RequestTimer
  #request = 0
  /** Ends the open request. */
  #end: ((failed?: string) => void) | undefined
  #child: ChildProcess | undefined

  constructor({ command, timeout }: CommandOperation, context: ClientContext) {
    // a placeholder in the words of a shell becomes a number, and so nothing that a shell obeys
    this.#words = argvOf(command, { args: [] }).map(templateOf)
    this.#context = context
    const { task, index, clients } = context
    const own = { BAK_TASK: task, BAK_CLIENT: String(index), BAK_CLIENTS: String(clients) }
    // the driver's own connection is nobody else's
    const { [DRIVER_SOCKET]: _, ...told } = process.env
    this.#environment = { ...told, ...own }
    this.#timer = new RequestTimer(timeout * 1000, context.signal, kind => this.#giveUp(kind))
  }

  request(): Promise<Outcome> {
    const { index: client, clients, folder: cwd } = this.#context
    const request = this.#request++
    const [program = '', ...args] = this.#words.map(word => filled(word, { client, clients, request }))
    this.#environment.BAK_REQUEST = String(request)
    const begun = performance.now()
    if (this.#timer.isCut) return Promise.resolve({ begun, ended: begun, failed: CUT })
    return new Promise(resolve => {
      this.#end = failed => {
        const ended = performance.now()
        this.#end = undefined
        this.#timer.stop()
        resolve(failed == null ? { begun, ended } : { begun, ended, failed })
      }
      this.#timer.start()
      // what it writes to stderr is the driver's
      const options: SpawnOptions = {
        cwd,
        env: this.#environment,
        detached: true,
        stdio: ['ignore', 'ignore', 'inherit']
      }
      try {
        const child = spawn(program, args, options)
        this.#child = child
        child.once('error', cause => this.#ended(child, kindOf(cause)))
        child.once('exit', (status, signal) =>
          this.#ended(child, signal ?? (status === 0 ? undefined : `exit ${status}`))
        )
      } catch (cause) {
        // a word with a zero byte
        this.#end(kindOf(cause))
      }
    })
  }

  async close(): Promise<void> {
    this.#giveUp(CUT)
    this.#timer.close()
  }

  #ended(child: ChildProcess, failed: string | undefined): void {
    if (child !== this.#child) return
    // children that it left would take part in what is measured next
    this.#kill()
    this.#end?.(failed)
  }

  #giveUp(kind: string): void {
    if (this.#end == null) return
    this.#kill()
    this.#end(kind)
  }

  /** The whole group: the process leads it. */
  #kill(): void {
    const pid = this.#child?.pid
    this.#child = undefined
    if (pid == null) return
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // nobody is left in it
    }
  }
}
