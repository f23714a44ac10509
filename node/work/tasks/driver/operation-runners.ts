/** The operations that one thread does: each is loaded once, when it is first needed, and closed with the thread. */
import { asBakError, BakError } from '../../../../protocols/errors.ts'
import type { Operation } from '../../../../protocols/tasks/operation.ts'
import type { OperationRunner } from '../operation.ts'
import { runnerOf } from '../operations/index.ts'

export class OperationRunners {
  readonly #folder: string
  readonly #doing: (what?: string) => void
  readonly #runners = new Map<string, Promise<OperationRunner>>()

  /** @param doing hears what is done to load an operation, and that it is done */
  constructor(folder: string, doing: (what?: string) => void) {
    this.#folder = folder
    this.#doing = doing
  }

  /** @param called its name, or its type, where it stands in a task @throws {BakError} as `runnerOf`, naming it */
  of(operation: Operation, called: string): Promise<OperationRunner> {
    const key = JSON.stringify(operation)
    const known = this.#runners.get(key)
    if (known != null) return known
    const made = this.#load(operation, called === operation.type ? '' : `${called}: `)
    this.#runners.set(key, made)
    return made
  }

  async #load(operation: Operation, prefix: string): Promise<OperationRunner> {
    const doing = (what: string) => this.#doing(`${prefix}${what}`)
    try {
      return await runnerOf(operation as never, { folder: this.#folder, doing })
    } catch (cause) {
      const { code, message } = asBakError(cause)
      throw new BakError(code, `${prefix}${message}`, { cause })
    } finally {
      this.#doing()
    }
  }

  /** Never rejects. */
  async close(): Promise<void> {
    await Promise.all([...this.#runners.values()].map(each => each.then(runner => runner.close()).catch(() => {})))
  }
}

/** Requests of one that ends by itself, where it is done once: a bound, since nobody sees it. */
const MAX_REQUESTS = 10_000_000

export interface OnceInit {
  name: string
  runner: OperationRunner
  params: Record<string, string>
  folder: string
  signal: AbortSignal
}

/** Does an operation once, as the only client. @throws {BakError} `workload-failed` naming it and why */
export async function doOnce({ name, runner, params, folder, signal }: OnceInit): Promise<void> {
  const requester = await runner.open({ task: name, index: 0, clients: 1, params, folder, signal })
  try {
    for (let requests = 0; !requester.isEmpty && requests < MAX_REQUESTS; requests++) {
      const { failed, isLast = false } = await requester.request()
      if (failed != null) throw new BakError('workload-failed', `${name}: ${failed}`)
      if (!requester.isFinite || isLast || signal.aborted) break
    }
  } finally {
    await requester.close()
  }
}
