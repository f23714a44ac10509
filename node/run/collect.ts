/**
 * Collects what a run left on its members: who has the result asks each, the member packs and sends, and the folder is sealed anew if
 * something came. What is not as it was signed gets no new seal.
 */
import { type Collected, collectProtocol } from '../../protocols/collect.ts'
import { custodyOf, holdersOf } from '../../protocols/custody.ts'
import type { Signer } from '../../protocols/envelope.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { type StoredEvent, storedEvent } from '../../protocols/events.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { ask } from '../../protocols/stream.ts'
import type { Log } from '../log.ts'
import type { Streams } from '../mesh/streams.ts'
import { Part } from '../part.ts'
import { forgetCollection, isCollectionOpen, noteCollection, openCollections } from '../store/begun-collections.ts'
import { printable } from '../store/entries.ts'
import type { Home } from '../store/home.ts'
import { loadJournal } from '../store/journal.ts'
import type { RunFolder } from '../store/run-folder.ts'
import { checkResult, hasResult } from '../store/stored-results.ts'
import type { Coordinator } from './coordinator.ts'
import { RunEvents } from './events.ts'
import { noteReceived } from './received.ts'
import type { Receiver, Reception } from './receiver.ts'
import { expectationOf } from './reception.ts'
import { endCollection, sealAnew } from './seal-anew.ts'

const USE = 'is being collected here: wait until that has ended'

export interface CollectedFrom extends Omit<Collected, 'digest'> {
  name: string
}

interface Collection {
  folder: RunFolder
  record: RunRecord
  events: RunEvents
  /** Whom it asks. */
  names: Map<string, string>
  /** Files that were not taken, which nobody was told of yet. */
  refused: CollectedFrom[]
  /** Whether a member offered something: also what is not taken may leave files. */
  hasGrown: boolean
}

export interface CollectInit {
  signer: Signer
  home: Home
  log: Log
}

export class Collect extends Part<{ streams: Streams; coordinator: Coordinator; receiver: Receiver }, CollectInit> {
  /** Collections that a killed daemon left are ended, so that their results are as they were signed. */
  async afterStart(): Promise<void> {
    const { home, log } = this.init
    for (const run of await openCollections(home)) {
      try {
        if (hasResult(home, run)) await this.components.coordinator.inUse.during(run, USE, () => this.#endEarlier(run))
        else await forgetCollection(home, run)
      } catch (cause) {
        log.warn('a collection could not be ended', { run, why: asBakError(cause).message })
      }
    }
  }

  /** @throws {BakError} `no-such-run`, `busy` while the run goes on or its result is in use, `not-the-controller`, `damaged` with what is not as it was signed */
  async *from(run: string, signal: AbortSignal): AsyncGenerator<CollectedFrom> {
    const release = this.components.coordinator.inUse.claim(run, USE)
    try {
      yield* this.#from(run, signal)
    } finally {
      release()
    }
  }

  async *#from(run: string, signal: AbortSignal): AsyncGenerator<CollectedFrom> {
    const folder = this.components.coordinator.folder(run)
    const before = await folder.readRecord().catch(() => undefined)
    if (before == null) throw new BakError('no-such-run', `the folder of ${run} is not here`)
    this.#checkHolder(before)
    await this.#endEarlier(run)
    await checkResult(folder.root)
    const collection = await this.#begin(folder, run)
    let isComplete = true
    try {
      for await (const collected of this.#all(collection, signal)) {
        if (collected.outcome === 'failed') isComplete = false
        yield collected
        yield* collection.refused.splice(0)
      }
    } finally {
      await this.#end(collection, isComplete)
    }
  }

  /** From here on the result may grow. */
  async #begin(folder: RunFolder, run: string): Promise<Collection> {
    const record = await folder.readRecord()
    const { values } = await loadJournal<StoredEvent>(folder.journal, storedEvent as never)
    await noteCollection(this.init.home, run)
    const events = await RunEvents.open(folder.journal, values, () => {})
    const collection: Collection = { folder, record, events, names: askedIn(record), refused: [], hasGrown: false }
    this.components.receiver.open(run, receptionOfCollection(collection))
    return collection
  }

  /** It gets its seal, and is as it was signed again. */
  async #end({ folder, record, events, hasGrown }: Collection, isComplete: boolean): Promise<void> {
    const { receiver } = this.components
    const { home, signer } = this.init
    await receiver.settle(record.run)
    await receiver.close(record.run, isComplete)
    if (hasGrown) await sealAnew({ folder, record, events, signer })
    await events.close()
    await forgetCollection(home, record.run)
  }

  /** Asks each member. */
  async *#all({ record, names }: Collection, signal: AbortSignal): AsyncGenerator<CollectedFrom> {
    for (const [peer, name] of names) {
      const outcomes = new Set<Collected['outcome']>()
      for await (const collected of this.#one(record, peer, name, signal)) {
        outcomes.add(collected.outcome)
        yield collected
      }
      if (outcomes.has('arrived') && outcomes.size === 1)
        record.missing = record.missing?.filter(each => each.peer !== peer)
    }
  }

  /** What an earlier collection brought before the daemon was killed gets its seal. @throws {BakError} `damaged` */
  async #endEarlier(run: string): Promise<void> {
    if (!isCollectionOpen(this.init.home, run)) return
    const { coordinator } = this.components
    await endCollection(coordinator.folder(run), this.init.signer)
    await forgetCollection(this.init.home, run)
  }

  /** @throws {BakError} `not-the-controller` if the seal of this peer would be worth nothing */
  #checkHolder(record: RunRecord): void {
    const { run, controller } = record
    if (holdersOf(run, controller.peer, custodyOf(record)).includes(this.init.signer.peer)) return
    const who = `it was made by ${controller.name} ${controller.peer}, and was not handed over to this peer`
    throw new BakError('not-the-controller', `the result of ${run} cannot be completed here: ${who}`)
  }

  async *#one(record: RunRecord, peer: string, name: string, signal: AbortSignal): AsyncGenerator<CollectedFrom> {
    try {
      for await (const { digest: _, ...rest } of ask(
        this.components.streams.to(peer),
        collectProtocol,
        { run: record.run, custody: custodyOf(record) },
        { signal }
      )) {
        yield { name, ...rest }
      }
    } catch (cause) {
      if (signal.aborted) throw cause
      const { code, message } = asBakError(cause)
      if (code === 'no-such-run') return
      yield { name, what: 'what is there', bytes: 0, outcome: 'failed', code, reason: message }
    }
  }
}

/** Every peer that was asked to join may have something, excluded or not. */
const askedIn = ({ excluded, roster }: RunRecord) =>
  new Map([...excluded, ...roster].map(({ peer, name }) => [peer, name]))

function receptionOfCollection(collection: Collection): Reception {
  const { folder, record, events, names, refused } = collection
  const expected = expectationOf(record)
  return {
    ...expected,
    folder,
    transfers: record.spec.policy.transfers,
    nameOf: peer => names.get(peer),
    check(peer, offer) {
      expected.check(peer, offer)
      collection.hasGrown = true
    },
    onWait: () => {},
    onProgress: () => {},
    // the member that is asked says it
    onRefused: () => {},
    onReceived(peer, offer, transfer) {
      const name = names.get(peer) ?? peer
      noteReceived({ record, events }, { peer, name }, offer, transfer)
      for (const { path, reason } of transfer.refused)
        refused.push({ name, what: printable(path), bytes: 0, outcome: 'failed', reason: `refused here: ${reason}` })
    }
  }
}
