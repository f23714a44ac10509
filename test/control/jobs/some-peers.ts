/** Peers with real records and artifacts, and no network between them: what the calls of one of them ask the others. */
import { join } from 'node:path'
import { JobRecordsService } from '../../../node/agent/job-records-service.ts'
import type { Artifacts } from '../../../node/artifacts/artifacts.ts'
import { exportArtifact } from '../../../node/artifacts/export-artifact.ts'
import { createLog } from '../../../node/log.ts'
import type { Parts } from '../../../node/parts.ts'
import { homeAt } from '../../../node/store/home.ts'
import { JobRecords } from '../../../node/store/job-records.ts'
import type { Signer } from '../../../protocols/envelope.ts'
import { BakError } from '../../../protocols/errors.ts'
import type { RunEvent } from '../../../protocols/events.ts'
import { jobRecordsProtocol, type SlotUse } from '../../../protocols/jobs/job-records.ts'
import { Queue } from '../../../protocols/queue.ts'
import type { RunRecord } from '../../../protocols/record.ts'
import type { Handler, Opener } from '../../../protocols/stream.ts'
import { scratchArtifacts } from '../../artifacts/scratch-artifacts.ts'
import { newSigner } from '../../helpers/streams.ts'
import { scratch } from '../../store/scratch.ts'

export interface Peer {
  name: string
  signer: Signer
  jobRecords: JobRecords
  artifacts: Artifacts
  /** Of the results on this peer. */
  runs: string
  /** Of runs that it leads. */
  events: Queue<RunEvent>
  /** As its control calls use it. */
  parts: Parts
  /** Nobody reaches it any more. */
  leave(): void
  close(): void
}

interface Init {
  slots?: SlotUse
  /** Records of the runs whose folder is here. */
  records?: RunRecord[]
}

/** @param inits by name @param leads by run the name of the peer that leads it */
export async function somePeers(
  inits: Record<string, Init>,
  leads: Record<string, string> = {}
): Promise<Record<string, Peer>> {
  const peers = new Map<string, Peer & { handler: Handler<never, unknown>; isHere: boolean }>()
  const find = (peer: string) => [...peers.values()].find(each => each.signer.peer === peer)
  const leadOf = (run: string) => (leads[run] == null ? undefined : peers.get(leads[run] as string)?.signer.peer)
  for (const [name, { slots = { max: 4, taken: 0, runs: [] }, records = [] }] of Object.entries(inits)) {
    const signer = newSigner()
    const home = homeAt(scratch())
    const log = createLog('error', () => {})
    const jobRecords = new JobRecords({ folder: scratch(), self: signer.peer, log })
    const artifacts = await scratchArtifacts({ self: signer.peer })
    const coordinator = {
      folders: async () => records.map(({ run }) => run),
      summaries: async () => records.map(({ run }) => ({ run, begun: 1 })),
      record: async (run: string) => records.find(each => each.run === run),
      driver: () => undefined,
      folder: (run: string) => ({ root: home.runs(run) })
    }
    let handler: Handler<never, unknown> | undefined
    const service = new JobRecordsService(
      {
        streams: {
          serve: async (_, served) => {
            handler = served as never
          }
        },
        authority: { roleOf: () => 'controller' },
        agent: { member: () => undefined },
        swarms: artifacts,
        coordinator: coordinator as never
      },
      { self: signer.peer, jobRecords, slotUse: () => slots }
    )
    await service.start()
    const to = (peer: string): Opener => {
      const fail = async (protocol: string) => {
        const why = find(peer)?.isHere ? `it does not serve ${protocol}` : 'it cannot be reached'
        throw new BakError('unreachable', why)
      }
      const local = (protocol: string) => {
        const other = find(peer)
        const isServed = other?.isHere && protocol === jobRecordsProtocol.id
        return isServed ? { handler: other.handler, peer: signer.peer } : undefined
      }
      return Object.assign(fail, { local })
    }
    const viewOf = (each: Peer) => ({
      peer: each.signer.peer,
      shown: each.name,
      name: each.name,
      labels: {},
      state: 'alive',
      role: 'controller',
      runs: []
    })
    const events = new Queue<RunEvent>(64)
    const parts = {
      afterRun: { follow: () => taken(events) },
      ...{ home, log, artifacts, jobRecords, coordinator, streams: { to }, identity: signer },
      authority: { roleOf: () => 'controller' },
      feed: { get: (run: string) => (leadOf(run) == null ? undefined : { lead: { by: leadOf(run) } }), runs: () => [] },
      members: {
        list: () => [...peers.values()].map(viewOf),
        get: (peer: string) => {
          const other = find(peer)
          return other == null ? undefined : viewOf(other)
        },
        isHere: (peer: string) => find(peer)?.isHere === true,
        self: { peer: signer.peer, name }
      },
      swarms: { fetch: (digest: string, options: Fetching) => fetch(artifacts, signer.peer, digest, options) }
    } as unknown as Parts
    peers.set(name, {
      ...{ name, signer, jobRecords, artifacts, parts, events, runs: home.runs(), isHere: true },
      handler: handler as unknown as Handler<never, unknown>,
      leave() {
        const self = peers.get(name)
        if (self != null) self.isHere = false
      },
      close: () => jobRecords.close()
    })
  }
  return Object.fromEntries(peers)

  /** As the exchange does it: from the first that has it, and only with the size that was told. */
  async function fetch(into: Artifacts, by: string, digest: string, { from, bytes, onProgress }: Fetching) {
    const giver = from.map(find).find(each => each?.isHere && each.artifacts.store.get(digest) != null)
    if (giver == null) throw new BakError('unreachable', 'nobody has it')
    if (giver.artifacts.store.get(digest)?.bytes !== bytes) throw new BakError('mismatch', 'it has another size')
    const path = join(scratch(), 'fetched')
    await exportArtifact(giver.artifacts.store, digest, path)
    onProgress?.(bytes, bytes)
    await into.imports.take(path, { by })
    return { bytes, source: bytes }
  }
}

async function* taken(events: Queue<RunEvent>): AsyncGenerator<RunEvent> {
  for (let next = await events.take(); next !== undefined; next = await events.take()) yield next
}

interface Fetching {
  from: string[]
  bytes: number
  onProgress?(done: number, total: number): void
}
