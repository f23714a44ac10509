/** The lines of `bak ls`: runs here, runs that other peers drive, and runs whose folder another peer has. */
import type { MemberView, RunLine } from '../../protocols/control.ts'
import { asBakError } from '../../protocols/errors.ts'
import { cutText } from '../../protocols/fields.ts'
import type { RunSummary } from '../../protocols/record.ts'
import { cutRunList, type RunList, runListProtocol } from '../../protocols/run-list.ts'
import { askOne } from '../../protocols/stream.ts'
import { eachLimited } from '../limit.ts'
import type { Streams } from '../mesh/streams.ts'
import type { Home } from '../store/home.ts'
import { allMoved, movedFrom, placeOf } from '../store/moved.ts'
import type { Coordinator } from './coordinator.ts'

/** Runs that go on with one, the latest. */
const MAX_RESUMED = 100
/** Peers that are asked at the same time. */
const CONCURRENCY = 32

/** @returns the runs whose folder is here, oldest first */
export async function linesHere(coordinator: Coordinator): Promise<RunLine[]> {
  const summaries = await coordinator.summaries()
  const later = resumedBy(summaries)
  return summaries.map(({ key: _, ended, ...head }) => {
    const took = head.took ?? (ended == null ? undefined : Math.max(0, ended - head.created))
    return { ...head, took, resumedBy: later.get(head.run), folder: coordinator.folder(head.run).root }
  })
}

/** @param known runs that have a line already. @returns the runs whose folder was moved from here, oldest first */
export async function linesOfMoved(home: Home, known: ReadonlySet<string>): Promise<RunLine[]> {
  const gone = (await movedFrom(home)).filter(run => !known.has(run))
  const found = [...(await allMoved(home, gone)).values()]
  return found.flatMap(moved => (moved.line == null ? [] : [{ ...moved.line, moved: placeOf(moved) }]))
}

/** @returns by run, those that go on with it: a sealed result cannot say so itself */
export function resumedBy(summaries: RunSummary[]): Map<string, string[]> {
  const later = Map.groupBy(
    summaries.filter(({ resumes }) => resumes != null),
    ({ resumes }) => resumes as string
  )
  return new Map([...later].map(([run, all]) => [run, all.map(each => each.run).slice(-MAX_RESUMED)]))
}

/** @returns what another peer is told: ended runs, as those in progress are known to all */
export async function linesForOthers(coordinator: Coordinator): Promise<RunList> {
  const ended = (await linesHere(coordinator)).filter(({ state }) => state === 'ended')
  return cutRunList(ended.map(({ folder: _, ...line }) => line))
}

export interface LinesOfPeers {
  /** Each run once, the word of its controller before any other. */
  runs: RunLine[]
  /** Peers that did not say what they have. */
  silent: Array<{ name: string; reason: string }>
  /** Peers that have more than they said. */
  cut: string[]
}

/** Asks peers for the runs whose folder they have. @throws {BakError} the reason of the signal */
export async function linesOf(
  peers: MemberView[],
  streams: Pick<Streams, 'to'>,
  signal: AbortSignal
): Promise<LinesOfPeers> {
  const found = new Map<string, RunLine>()
  const told = await Promise.all(
    eachLimited(peers, CONCURRENCY, async ({ peer, shown }) => {
      const asking = askOne(streams.to(peer), runListProtocol, {}, { signal })
      const answer = await asking.catch(cause => cutText(asBakError(cause).message))
      signal.throwIfAborted()
      if (typeof answer === 'string') return { name: shown, reason: answer }
      for (const line of answer.runs) {
        if (!found.has(line.run) || line.controller.peer === peer) found.set(line.run, { ...line, at: shown })
      }
      return { name: shown, more: answer.more }
    })
  )
  return {
    runs: [...found.values()],
    silent: told.flatMap(({ name, reason }) => (reason == null ? [] : [{ name, reason }])),
    cut: told.flatMap(({ name, more }) => (more ? [name] : []))
  }
}
