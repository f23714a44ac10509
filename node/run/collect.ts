/** Collects what a run left on its members: the controller asks each, the member packs and sends, and the folder is sealed anew. */
import type { KeyObject } from 'node:crypto'
import { type Collected, collectProtocol } from '../../protocols/collect.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { type StoredEvent, storedEvent } from '../../protocols/events.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { ask } from '../../protocols/stream.ts'
import type { Streams } from '../mesh/streams.ts'
import { loadJournal } from '../store/journal.ts'
import type { Coordinator } from './coordinator.ts'
import { RunEvents } from './events.ts'
import type { Receiver } from './receiver.ts'

export interface CollectComponents {
  streams: Streams
  coordinator: Coordinator
  receiver: Receiver
}

export interface CollectedFrom extends Omit<Collected, 'outcome' | 'digest'> {
  name: string
  outcome: 'arrived' | 'had' | 'failed'
}

export class Collect {
  readonly #components: CollectComponents
  readonly #signer: { peer: string; key: KeyObject }

  constructor(components: CollectComponents, init: { signer: { peer: string; key: KeyObject } }) {
    this.#components = components
    this.#signer = init.signer
  }

  /** @throws {BakError} `no-such-run`, or `busy` while the run goes on */
  async *from(run: string, signal: AbortSignal): AsyncGenerator<CollectedFrom> {
    const { coordinator, receiver } = this.#components
    if (coordinator.driver(run) != null)
      throw new BakError('busy', `run ${run} still goes on: its tarballs come by themselves`)
    const folder = coordinator.folder(run)
    const record = await folder.readRecord().catch(() => undefined)
    if (record == null) throw new BakError('no-such-run', `the folder of ${run} is not here`)
    const { values } = await loadJournal<StoredEvent>(folder.journal, storedEvent as never)
    const events = await RunEvents.open(folder.journal, values, () => {})
    const names = await this.#names(record)
    receiver.open(run, {
      folder,
      transfers: record.spec.policy.transfers,
      nameOf: peer => names.get(peer),
      onProgress: () => {},
      onReceived: (peer, { what, digest, bytes }, { took, path, carrier }) => {
        const name = names.get(peer) ?? peer
        record.sent.push({ peer, name, what, digest, bytes, arrived: true, path, carrier })
        events.store({ type: 'received', peer, name, what, digest, bytes, took, path, carrier })
      }
    })
    try {
      for (const [peer, name] of names) yield* this.#one(run, peer, name, signal)
    } finally {
      await receiver.close(run)
      await events.close()
      await folder.seal(record, this.#signer)
    }
  }

  /** Every peer that was asked to join may have something, excluded or not. */
  async #names(record: RunRecord): Promise<Map<string, string>> {
    return new Map([...record.excluded, ...record.roster].map(({ peer, name }) => [peer, name]))
  }

  async *#one(run: string, peer: string, name: string, signal: AbortSignal): AsyncGenerator<CollectedFrom> {
    try {
      for await (const { digest: _, ...rest } of ask(
        this.#components.streams.to(peer),
        collectProtocol,
        { run },
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
