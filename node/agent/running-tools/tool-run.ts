/**
 * One tool on this member until it is stopped. If it ends before that its policy decides: it is only named, started again, or ends the part
 * of the member, or the run.
 */
import { basename } from 'node:path/posix'
import { asBakError } from '../../../protocols/errors.ts'
import { restartFolder } from '../../../protocols/layout.ts'
import type { Assignment } from '../../../protocols/manifest.ts'
import { ENDS, type OnEnd } from '../../../protocols/on-end.ts'
import type { Missing } from '../../../protocols/shortfall.ts'
import { now } from '../../now.ts'
import type { RunningTool } from '../../tools/tool.ts'
import { pause } from '../../wait.ts'

/** From the end of a tool to its next start, ms. */
const RESTART_AFTER_MS = 1_000
/** A tool that ends again and again is started so often. */
export const MAX_RESTARTS = 5

export interface ToolRunInit {
  assignment: Assignment
  onEnd: OnEnd
  /** Where it writes, relative to the data of the member; what it writes after a restart is in folders below that. */
  folder: string
  /** How often it was started before, in an earlier life of the daemon. */
  restarts?: number
  /** Starts it in a folder that is there and empty. */
  spawn(folder: string, signal: AbortSignal): Promise<RunningTool>
  /** Tells the controller at once. */
  tell(missing: Missing): void
  /** Its policy is that the member takes no part any more. */
  leave(reason: string): void
  /** ms */
  restartAfter?: number
}

export interface StoppedTool {
  missing: Missing[]
  warnings: string[]
}

/** Never rejects. @returns what all of them did not measure as they were asked to */
export async function stopTools(tools: ToolRun[]): Promise<StoppedTool> {
  const stopped = await Promise.all(tools.map(each => each.stop()))
  return {
    missing: stopped.flatMap(({ missing }) => missing),
    warnings: stopped.flatMap(({ warnings }) => warnings)
  }
}

export class ToolRun {
  readonly #init: ToolRunInit
  readonly #stopping = new AbortController()
  #running: RunningTool | undefined
  /** What happens because it has ended; a restart that goes on is waited for when it is stopped. */
  #turn: Promise<void> = Promise.resolve()
  #restarts: number
  /** What of it is named already, and travels again with the signed answer. */
  readonly #named: Missing[] = []
  readonly #remarks: string[] = []

  constructor(init: ToolRunInit) {
    this.#init = init
    this.#restarts = init.restarts ?? 0
  }

  get assignment(): Assignment {
    return this.#init.assignment
  }

  /** Nothing between its end and its next start. */
  get running(): RunningTool | undefined {
    return this.#running
  }

  /** @throws {BakError} as a tool does that cannot start: nothing of it is left then */
  async start(signal: AbortSignal): Promise<void> {
    const { folder, restarts = 0 } = this.#init
    await this.#begin(restarts === 0 ? folder : restartFolder(folder, restarts), signal)
  }

  /** Never rejects. @returns what it did not measure as it was asked to */
  async stop(): Promise<StoppedTool> {
    this.#stopping.abort()
    await this.#turn
    const running = this.#running
    this.#running = undefined
    const said = running == null ? [] : await this.#end(running)
    // what ended it was named in other words, or with what follows from it
    const news = said.filter(reason => !this.#named.some(each => each.reason === reason))
    return { missing: [...this.#named, ...news.map(reason => this.#missing(reason))], warnings: this.#remarks }
  }

  async #begin(folder: string, signal: AbortSignal): Promise<RunningTool> {
    const running = await this.#init.spawn(folder, signal)
    this.#running = running
    try {
      await running.ready
    } catch (cause) {
      // it is named for its failure to start, and not once more when it is stopped
      this.#running = undefined
      await running.stop()
      throw cause
    }
    running.failed?.then(reason => {
      if (this.#stopping.signal.aborted || this.#running !== running) return
      this.#turn = this.#onEnded(running, reason)
    })
    return running
  }

  async #onEnded(running: RunningTool, reason: string): Promise<void> {
    const { onEnd, leave, assignment } = this.#init
    if (onEnd === 'restart') return this.#restart(running, reason)
    this.#name(reason, ENDS[onEnd])
    if (onEnd === 'exclude') leave(`${assignment.tool}: ${reason}`)
  }

  /** Until it runs again, or was tried often enough. */
  async #restart(ended: RunningTool, reason: string): Promise<void> {
    const since = now()
    const { signal } = this.#stopping
    this.#running = undefined
    await this.#end(ended)
    let why = `${reason}; it was started again ${MAX_RESTARTS} times before`
    while (this.#restarts < MAX_RESTARTS) {
      await pause(this.#init.restartAfter ?? RESTART_AFTER_MS, signal)
      if (signal.aborted) return this.#name(`${reason}; it was stopped before it was started again`)
      const folder = restartFolder(this.#init.folder, ++this.#restarts)
      try {
        const { began } = await this.#begin(folder, signal)
        const lost = (Math.max(0, began - since) / 1000).toFixed(1)
        return this.#name(`${reason}; ${lost} s are missing, then it was started again, in ${basename(folder)}`)
      } catch (cause) {
        why = `${reason}; it could not be started again: ${asBakError(cause).message}`
      }
    }
    this.#name(why)
  }

  async #end(running: RunningTool): Promise<string[]> {
    const said = await running.stop()
    for (const remark of running.remarks ?? []) this.#remarks.push(`${this.#init.assignment.tool}: ${remark}`)
    return said
  }

  #name(reason: string, ends?: Missing['ends']): void {
    const missing = this.#missing(reason, ends)
    this.#named.push(missing)
    this.#init.tell(missing)
  }

  #missing(reason: string, ends?: Missing['ends']): Missing {
    return { kind: 'tool', what: this.#init.assignment.tool, reason, ...(ends == null ? {} : { ends }) }
  }
}
