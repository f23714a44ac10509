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
import type { Streams } from '../mesh/streams.ts'
import { Part } from '../part.ts'
import { loadJournal } from '../store/journal.ts'
import { checkResult } from '../store/stored-results.ts'
import type { Coordinator } from './coordinator.ts'
import { RunEvents } from './events.ts'
import { noteReceived } from './received.ts'
import type { Receiver } from './receiver.ts'
import { expectationOf } from './reception.ts'

export interface CollectComponents {
  streams: Streams
  coordinator: Coordinator
  receiver: Receiver
}

export interface CollectedFrom extends Omit<Collected, 'digest'> {
  name: string
}

export class Collect extends Part<CollectComponents, { signer: Signer }> {
  /** @throws {BakError} `no-such-run`, `busy` while the run goes on, `not-the-controller`, `damaged` with what is not as it was signed */
  async *from(run: string, signal: AbortSignal): AsyncGenerator<CollectedFrom> {
    const { coordinator, receiver } = this.components
    if (coordinator.driver(run) != null)
      throw new BakError('busy', `run ${run} still goes on: its tarballs come by themselves`)
    const folder = coordinator.folder(run)
    const record = await folder.readRecord().catch(() => undefined)
    if (record == null) throw new BakError('no-such-run', `the folder of ${run} is not here`)
    this.#checkHolder(record)
    await checkResult(folder.root)
    const { values } = await loadJournal<StoredEvent>(folder.journal, storedEvent as never)
    const events = await RunEvents.open(folder.journal, values, () => {})
    const names = askedIn(record)
    let hasArrived = false
    receiver.open(run, {
      folder,
      transfers: record.spec.policy.transfers,
      ...expectationOf(record),
      nameOf: peer => names.get(peer),
      onWait: () => {},
      onProgress: () => {},
      // the member that is asked says it
      onRefused: () => {},
      onReceived: (peer, offer, transfer) => {
        noteReceived({ record, events }, { peer, name: names.get(peer) ?? peer }, offer, transfer)
        hasArrived = true
      }
    })
    let isComplete = true
    try {
      for (const [peer, name] of names) {
        const outcomes = new Set<Collected['outcome']>()
        for await (const collected of this.#one(record, peer, name, signal)) {
          outcomes.add(collected.outcome)
          if (collected.outcome === 'failed') isComplete = false
          yield collected
        }
        if (outcomes.has('arrived') && outcomes.size === 1) {
          record.missing = record.missing?.filter(each => each.peer !== peer)
        }
      }
    } finally {
      await receiver.settle(run)
      await receiver.close(run, isComplete)
      await events.close()
      if (hasArrived) await folder.sealAnew(record, this.init.signer)
    }
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
