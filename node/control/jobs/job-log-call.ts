/** The call `job-log`: the lines of a job from whoever has them, of its last attempt or of each until the job has ended. */
import type { CallInput, CallResponse, HandlerOptions } from '../../../protocols/control.ts'
import { BakError } from '../../../protocols/errors.ts'
import { askLog } from '../../../protocols/jobs/job-log-exchange.ts'
import type { AttemptAt } from '../../../protocols/jobs/job-records.ts'
import { isFinal } from '../../../protocols/jobs/job-state.ts'
import type { JobEntry } from '../../../protocols/jobs/jobs-file.ts'
import type { Parts } from '../../parts.ts'
import { onAbort } from '../../wait.ts'
import { attach } from '../runs.ts'
import { type AttemptNews, watchAttempts } from './attempt-watch.ts'
import { type FoundJob, findJob, resultsOf } from './job-view.ts'
import { nameOf } from './proven-results.ts'
import { tailLog } from './tail-log.ts'

/** When an attempt is over its log is read to its end; it is given up when nothing of it comes for so long, ms. */
const GRACE_MS = 2_000

type Answer = CallResponse<'job-log'>

export async function* jobLog(
  parts: Parts,
  { job: text, graph, attempt, follow = false }: CallInput<'job-log'>,
  { signal }: HandlerOptions
): AsyncGenerator<Answer> {
  const found = await findJob(parts, text, graph, signal)
  const { entry } = found
  const begun = entry.attempts.filter(({ outcome }) => outcome !== 'refused')
  if (attempt != null && !begun.some(each => each.attempt === attempt))
    throw new BakError('usage', `${entry.job} of ${found.run} has no attempt ${attempt}: it has ${begun.length}`)
  const last = attempt ?? begun.at(-1)?.attempt
  if (follow && attempt == null && !isFinal(entry.state)) return yield* followed(parts, found, last ?? 1, signal)
  if (entry.state === 'reused') yield* ofEarlierRun(parts, found, signal)
  else if (last != null) yield* ofAttempt(parts, found, last, { follow, signal })
  yield { type: 'state', state: entry.state, reason: reasonOf(entry) }
}

function reasonOf({ state, reason, from, run }: JobEntry): string | undefined {
  if (state === 'reused' && run != null) return `its result is that of ${run}`
  return reason ?? (from == null ? undefined : `${from.join(', ')} failed`)
}

interface Reading {
  follow: boolean
  signal: AbortSignal
  /** The member, where its name is known from elsewhere. */
  member?: string | undefined
}

async function* ofAttempt(
  parts: Parts,
  { run, entry, known }: Pick<FoundJob, 'run' | 'entry' | 'known'>,
  attempt: number,
  { follow, signal, member }: Reading
): AsyncGenerator<Answer> {
  const name = member ?? entry.attempts.findLast(each => each.attempt === attempt)?.member ?? entry.member
  const at = { run, graph: entry.graph, job: entry.job, attempt }
  const peers = [peerOf(parts, name) ?? entry.by, parts.identity.peer, known.peer].filter(peer => peer != null)
  yield* told(parts, at, { peers, follow, signal, name })
}

/** Of a result that was taken the log is that of the run that made it. */
async function* ofEarlierRun(parts: Parts, { run, entry }: FoundJob, signal: AbortSignal): AsyncGenerator<Answer> {
  const [result] = await resultsOf(parts, entry, run, signal)
  if (result == null)
    return yield {
      type: 'missing',
      reason: `its log is that of ${entry.run ?? 'an earlier run'}, whose result cannot be had now`
    }
  const { by, byName } = result
  yield* told(parts, result, { peers: [by, parts.identity.peer], follow: false, signal, name: byName })
}

/** Each attempt until the job has ended. */
async function* followed(parts: Parts, found: FoundJob, from: number, signal: AbortSignal): AsyncGenerator<Answer> {
  const { run, entry } = found
  const leaving = new AbortController()
  const own = AbortSignal.any([signal, leaving.signal])
  const news = watchAttempts(attach(parts, { run }, { signal: own }), { graph: entry.graph, job: entry.job, from })
  try {
    for (let next = await news.take(); next !== undefined; next = await news.take()) {
      if (next.type === 'state') yield next
      else yield* untilOver(parts, found, next, signal)
    }
  } finally {
    leaving.abort(new BakError('interrupted', 'the log is not followed any more'))
    news.end()
  }
}

async function* untilOver(
  parts: Parts,
  found: FoundJob,
  { graph, attempt, member, over }: Extract<AttemptNews, { type: 'attempt' }>,
  signal: AbortSignal
): AsyncGenerator<Answer> {
  const late = new AbortController()
  let waiting: NodeJS.Timeout | undefined
  // who reads slowly does not shorten it
  let isWaiting = true
  const wait = () => {
    if (!over.aborted || !isWaiting) return
    waiting = setTimeout(() => late.abort(new BakError('lost', 'its member says nothing more')), GRACE_MS)
  }
  const release = onAbort(over, wait)
  const about = { ...found, entry: { ...found.entry, graph } }
  const lines = ofAttempt(parts, about, attempt, {
    follow: true,
    signal: AbortSignal.any([signal, late.signal]),
    member
  })
  try {
    for await (const each of lines) {
      clearTimeout(waiting)
      isWaiting = false
      yield each
      isWaiting = true
      wait()
    }
  } catch (cause) {
    if (!late.signal.aborted || signal.aborted) throw cause
    yield {
      type: 'missing',
      reason: `the log of attempt ${attempt}${member == null ? '' : ` on ${member}`} breaks off here`
    }
  } finally {
    release()
    clearTimeout(waiting)
  }
}

async function* told(
  parts: Parts,
  { run, graph, job, attempt }: AttemptAt,
  { peers, follow, signal, name }: { peers: string[]; follow: boolean; signal: AbortSignal; name: string | undefined }
): AsyncGenerator<Answer> {
  const at = { run, graph, job, attempt }
  const here = [...new Set(peers)].filter(peer => peer === parts.identity.peer || parts.members.isHere(peer))
  const tail = tailLog(at, {
    ...{ peers: here, follow, signal },
    nameOf: peer => nameOf(parts, peer),
    ask: (peer, request, own) => askLog(parts.streams.to(peer), request, { signal: own })
  })
  for await (const each of tail)
    yield each.type === 'begin' ? { type: 'attempt', ...at, member: name, at: nameOf(parts, each.peer) } : each
}

const peerOf = ({ members }: Parts, name: string | undefined) =>
  name == null ? undefined : members.list().find(({ shown }) => shown === name)?.peer
