/** The operations that one thread does: each is loaded once, when it is first needed, and closed with the thread. */
import { BakError } from '../../../../protocols/errors.ts'
import type { Operation } from '../../../../protocols/tasks/operation.ts'
import type { OperationRunner } from '../operation.ts'
import { runnerOf } from '../operations/index.ts'

export class OperationRunners {
  readonly #folder: string
  readonly #runners = new Map<string, Promise<OperationRunner>>()

  constructor(folder: string) {
    this.#folder = folder
  }

  /** @throws {BakError} as `runnerOf` */
  of(operation: Operation): Promise<OperationRunner> {
    const key = JSON.stringify(operation)
    let runner = this.#runners.get(key)
    if (runner == null) {
      runner = runnerOf(operation as never, { folder: this.#folder })
      this.#runners.set(key, runner)
    }
    return runner
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
