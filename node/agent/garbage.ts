/** Data of runs that are over and that nobody has collected: listed, and deleted at an age or when a person says so. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { readDuration } from '../../protocols/duration.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { isRunId } from '../../protocols/fields.ts'
import { type Leftover, leftoversProtocol } from '../../protocols/leftovers.ts'
import type { Log } from '../log.ts'
import type { Streams } from '../mesh/streams.ts'
import { Part } from '../part.ts'
import type { Receiver } from '../run/receiver.ts'
import type { Home } from '../store/home.ts'
import { isReceipt } from '../store/inbox.ts'
import { removeTree, sizeOfTree } from '../store/remove-tree.ts'
import { sweepTransient } from '../store/stored-results.ts'
import { onAbort } from '../wait.ts'
import type { Agent } from './agent.ts'

const CHECK_INTERVAL_MS = 6 * 3_600_000

export interface GarbageComponents {
  streams: Streams
  agent: Agent
  receiver: Receiver
}

interface GarbageInit {
  log: Log
  home: Home
  /** Age at which what nobody collected is deleted: `30d`. */
  keep: string
}

export class Garbage extends Part<GarbageComponents, GarbageInit> {
  async start(): Promise<void> {
    const leftovers = () => this.list()
    await this.components.streams.serve(leftoversProtocol, async function* () {
      yield { leftovers: await leftovers() }
    })
  }

  async afterStart(): Promise<void> {
    // a move that a killed daemon did not end begins anew
    await sweepTransient(this.init.home)
    const collect = () => {
      this.collect().catch(cause => this.init.log.warn('leftovers not deleted', { why: asBakError(cause).message }))
    }
    const timer = setInterval(collect, CHECK_INTERVAL_MS).unref()
    onAbort(this.stopped, () => clearInterval(timer))
    collect()
  }

  /** @returns what is left of runs that are over here, the oldest first; an inbox with nothing but receipts is no data */
  async list(): Promise<Leftover[]> {
    const all = await this.#all()
    const hasData = async (folder: string) => (await readdir(folder).catch(() => [])).some(name => !isReceipt(name))
    const kept = await Promise.all(all.map(async ({ kind, folder }) => kind !== 'inbox' || (await hasData(folder))))
    return all.filter((_, at) => kept[at])
  }

  async #all(): Promise<Leftover[]> {
    const { agent, receiver } = this.components
    const { home } = this.init
    const data = agent.orphans().map(({ run, controller }) => this.#describe('data', run, home.work(run), controller))
    const inboxes = (await readdir(home.inbox()).catch(() => [])).filter(run => !receiver.isOpen(run))
    const found = await Promise.all([...data, ...inboxes.map(run => this.#describe('inbox', run, home.inbox(run)))])
    return found.filter(each => each != null).sort((a, b) => a.since - b.since)
  }

  /**
   * Deletes what is old, by default as old as the settings say; all of a run that is named. @returns what was deleted, or would be
   * @throws {BakError} `no-such-run` where nothing is left of the named run
   */
  async collect({ olderThanMs, run, dryRun = false }: { olderThanMs?: number; run?: string; dryRun?: boolean } = {}) {
    const age = olderThanMs ?? (run == null ? readDuration(this.init.keep) : 0)
    const all = (await this.#all()).filter(each => run == null || each.run === run)
    if (run != null && all.length === 0) throw new BakError('no-such-run', `nothing is left of run ${run} here`)
    const old = all.filter(({ since }) => Date.now() - since >= age)
    if (dryRun) return old
    for (const { kind, run: id, folder, bytes } of old) {
      if (kind === 'data') await this.components.agent.drop(id)
      else await removeTree(folder)
      this.init.log.info('leftovers deleted', { run: id, kind, bytes })
    }
    return old
  }

  async #describe(kind: Leftover['kind'], run: string, folder: string, controller?: string) {
    const stats = await stat(folder).catch(() => undefined)
    if (stats == null || !isRunId(run)) return undefined
    const { files, bytes } = sizeOfTree(kind === 'data' ? join(folder, 'data') : folder)
    const packed = kind === 'data' ? sizeOfTree(join(folder, 'outbox')) : { files: 0, bytes: 0 }
    const sum = { files: files + packed.files, bytes: bytes + packed.bytes }
    return { kind, run, controller, ...sum, since: stats.mtimeMs, folder } satisfies Leftover
  }
}
