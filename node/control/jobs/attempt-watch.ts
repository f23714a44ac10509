/** Follows one job by the events of its run: says when another attempt begins, and when nothing more comes of it. */
import { asBakError, BakError } from '../../../protocols/errors.ts'
import type { RunEvent } from '../../../protocols/events.ts'
import type { GraphAt } from '../../../protocols/jobs/graph-at.ts'
import { isFinal, type JobState } from '../../../protocols/jobs/job-state.ts'
import { graphKey } from '../../../protocols/layout.ts'
import { Queue } from '../../../protocols/queue.ts'

/** Attempts that wait to be told. */
const MAX_WAITING = 128

export type AttemptNews =
  | { type: 'attempt'; graph: GraphAt; attempt: number; member: string | undefined; over: AbortSignal }
  | { type: 'state'; state: JobState; reason?: string | undefined }

interface Watched {
  /** Without a step the first one of its role. */
  graph: GraphAt
  job: string
  /** Attempts before it are told already. */
  from: number
}

/**
 * @param events of the run, also those before now
 * @returns each attempt as it begins, with a signal that aborts when it is over; at last what became of the job
 * Its reader ends it when it has heard enough. It fails as the events do, and with `lost-contact` where they end before the job.
 */
export function watchAttempts(events: AsyncIterable<RunEvent>, { graph, job, from }: Watched): Queue<AttemptNews> {
  const news = new Queue<AttemptNews>(MAX_WAITING)
  let key = graph.role === 'work' && graph.step == null ? undefined : graphKey(graph)
  let current: { attempt: number; over: AbortController } | undefined
  let last: AttemptNews = { type: 'state', state: 'waiting' }
  const read = async () => {
    let isWhole = false
    for await (const event of events) {
      isWhole = event.type === 'ended'
      if (isWhole) break
      if (event.type !== 'job' || event.job !== job || event.graph.role !== graph.role) continue
      key ??= graphKey(event.graph)
      if (graphKey(event.graph) !== key) continue
      const { state, attempt = 1, member, reason } = event
      last = { type: 'state', state, reason }
      const isNext = state === 'running' && attempt >= from && attempt !== current?.attempt
      if (isNext || state === 'queued' || isFinal(state)) current?.over.abort()
      if (isNext) {
        current = { attempt, over: new AbortController() }
        await news.put({ type: 'attempt', graph: event.graph, attempt, member, over: current.over.signal })
      }
      isWhole = isFinal(state)
      if (isWhole) break
    }
    current?.over.abort()
    if (!isWhole)
      throw new BakError('lost-contact', `${job} cannot be followed any more: who leads its run is out of reach`)
    await news.put(last)
    news.end()
  }
  void read().catch(cause => {
    current?.over.abort()
    news.fail(asBakError(cause))
  })
  return news
}
