/** The lines of `bak ls`: runs here, runs that other peers drive, and runs whose folder another peer has. */
import type { MemberView, RunLine } from '../../protocols/control.ts'
import { MAX_LISTED, runListProtocol } from '../../protocols/run-list.ts'
import { askOne } from '../../protocols/stream.ts'
import { Limit } from '../limit.ts'
import type { Streams } from '../mesh/streams.ts'
import type { Coordinator } from './coordinator.ts'

/** Peers that are asked at the same time. */
const CONCURRENCY = 32

/** @returns the runs whose folder is here, oldest first */
export async function linesHere(coordinator: Coordinator): Promise<RunLine[]> {
  return (await coordinator.summaries()).map(({ key: _, ended, ...head }) => {
    const took = head.took ?? (ended == null ? undefined : Math.max(0, ended - head.created))
    return { ...head, took, folder: coordinator.folder(head.run).root }
  })
}

/** @returns what another peer is told: ended runs, as those in progress are known to all */
export async function linesForOthers(coordinator: Coordinator): Promise<RunLine[]> {
  const ended = (await linesHere(coordinator)).filter(({ state }) => state === 'ended')
  return ended.slice(-MAX_LISTED).map(({ folder: _, ...line }) => line)
}

/** Asks peers for the runs whose folder they have. @returns each run once, the word of its controller before any other */
export async function linesOf(
  peers: MemberView[],
  streams: Pick<Streams, 'to'>,
  signal: AbortSignal
): Promise<RunLine[]> {
  const found = new Map<string, RunLine>()
  const limit = new Limit({ total: CONCURRENCY })
  await Promise.all(
    peers.map(async ({ peer, shown }) => {
      const asking = limit.run(peer, () => askOne(streams.to(peer), runListProtocol, {}, { signal }))
      const answer = await asking.catch(() => undefined)
      for (const line of answer?.runs ?? []) {
        if (!found.has(line.run) || line.controller.peer === peer) found.set(line.run, { ...line, at: shown })
      }
    })
  )
  return [...found.values()]
}
