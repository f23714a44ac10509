/**
 * Tells other peers what this one knows of jobs. What became of jobs, and of artifacts who made them, every member of the mesh may ask; logs, and
 * results with their last lines, only controllers, and those who take part in the run.
 */
import { encode } from '../../protocols/codec.ts'
import type { Envelope } from '../../protocols/envelope.ts'
import { BakError } from '../../protocols/errors.ts'
import { giveLog } from '../../protocols/jobs/job-log-exchange.ts'
import {
  type AttemptAt,
  ENTRIES_PER_FRAME,
  type JobRecordsRequest,
  type JobRecordsResponse,
  jobRecordsProtocol,
  type LogAnswer,
  type LogRequest,
  MAX_PROVENANCE,
  ROWS_PER_FRAME,
  type SlotUse
} from '../../protocols/jobs/job-records.ts'
import type { LogLine } from '../../protocols/jobs/job-stream.ts'
import { type JobEntry, withoutResults } from '../../protocols/jobs/jobs-file.ts'
import { readJobsFile } from '../../protocols/jobs/read-jobs-file.ts'
import { graphKey } from '../../protocols/layout.ts'
import type { Exchange } from '../../protocols/stream.ts'
import type { Swarms } from '../artifacts/swarm/swarms.ts'
import { checkPermission, type Roles } from '../mesh/permissions.ts'
import type { Streams } from '../mesh/streams.ts'
import { Part } from '../part.ts'
import type { Coordinator } from '../run/coordinator.ts'
import type { JobRecords } from '../store/job-records.ts'
import { readJobLog } from '../store/read-job-log.ts'
import type { Agent } from './agent.ts'
import { artifactRows } from './artifact-rows.ts'

/** Lines of one message: of the longest ones, a fourth of the largest frame. */
const LINES = 64
/** Of one frame, far below the largest. */
const FRAME_BYTES = 1024 * 1024

interface Components {
  streams: Pick<Streams, 'serve'>
  authority: Roles
  agent: Pick<Agent, 'member'>
  swarms: Pick<Swarms, 'store'>
  coordinator: Pick<Coordinator, 'folder'>
}

interface Init {
  self: string
  jobRecords: JobRecords
  /** Of this machine, now. */
  slotUse(): SlotUse
}

type Asked<T extends JobRecordsRequest['type']> = Extract<JobRecordsRequest, { type: T }>

export class JobRecordsService extends Part<Components, Init> {
  async start(): Promise<void> {
    await this.components.streams.serve(jobRecordsProtocol, (request, exchange) => this.#serve(request, exchange))
  }

  async *#serve(
    request: JobRecordsRequest,
    { peer, receive, signal }: Exchange<JobRecordsRequest>
  ): AsyncGenerator<JobRecordsResponse> {
    const { jobRecords, slotUse } = this.init
    this.#check(request, peer)
    switch (request.type) {
      case 'jobs':
        for (const jobs of frames(jobRecords.select(request), ROWS_PER_FRAME)) yield { type: 'jobs', jobs }
        return
      case 'entries':
        for (const entries of frames(await this.#entries(request), ENTRIES_PER_FRAME))
          yield { type: 'entries', entries }
        return
      case 'results':
        for (const results of frames(this.#results(request), MAX_PROVENANCE)) yield { type: 'results', results }
        return
      case 'provenance': {
        const made = jobRecords.byOutput(request.digest).map(({ envelope }) => envelope)
        for (const results of frames(made, MAX_PROVENANCE)) yield { type: 'results', results }
        return
      }
      case 'artifacts':
        for (const artifacts of frames(this.#artifacts(request), ROWS_PER_FRAME)) yield { type: 'artifacts', artifacts }
        return
      case 'slots':
        return yield { type: 'slots', ...slotUse() }
      case 'log':
        return yield* giveLog(this.#log(request, AbortSignal.any([signal, this.stopped])), receive)
      default:
        throw new BakError('bad-message', 'the first message says what is asked for')
    }
  }

  /** @throws {BakError} `not-allowed` */
  #check(request: JobRecordsRequest, peer: string): void {
    const { authority, agent } = this.components
    if (peer === this.init.self) return
    if (authority.roleOf(peer) == null) throw new BakError('not-allowed', `${peer} is no member of the mesh`)
    if (request.type !== 'log' && request.type !== 'results') return
    if (!agent.member(request.run)?.candidates.has(peer)) checkPermission(authority, peer, 'follow')
  }

  /** What was noted while the run went on, or its result has. */
  async #entries({ run, job }: Pick<Asked<'entries'>, 'run' | 'job'>): Promise<JobEntry[]> {
    const noted = this.init.jobRecords.entriesOf(run, { job })
    if (noted.length > 0) return noted
    const kept = await readJobsFile(this.#folder(run)).catch(() => undefined)
    return (kept ?? []).filter(each => job == null || each.job === job).map(withoutResults)
  }

  #results({ run, graph, job, attempt }: Asked<'results'>): Envelope[] {
    const results = this.init.jobRecords.resultsOf(run, { job, attempt })
    const fitting = results.filter(({ value }) => graph == null || graphKey(value.graph) === graphKey(graph))
    return fitting.map(({ envelope }) => envelope)
  }

  #artifacts({ text, run, earlier = [], here }: Asked<'artifacts'>) {
    const { store } = this.components.swarms
    const { jobRecords } = this.init
    return artifactRows(
      { text, run, here },
      {
        stored: store.list(),
        outputs: [run, ...earlier].flatMap(of => jobRecords.outputs({ text, run: of })),
        outputsOf: digest => jobRecords.outputs({ digest }, MAX_PROVENANCE),
        isNeeded: digest => store.needs.has(digest)
      }
    )
  }

  async *#log({ from = 1, follow, ...which }: LogRequest, signal: AbortSignal): AsyncGenerator<LogAnswer> {
    const { jobRecords } = this.init
    const { type: _, ...wanted } = which
    const log = jobRecords.logs.find(wanted)
    if (log == null) return yield* this.#logOfResult(wanted, from)
    const { last: __, isOpen: ___, ...at } = log
    yield { type: 'attempt', ...at }
    for (let next = from; !signal.aborted; ) {
      // whether it goes on is asked first: what is written until then is read
      const isOpen = follow && jobRecords.logs.find(at)?.isOpen
      const lines = jobRecords.logs.read(at, next, LINES)
      next = (lines.at(-1)?.n ?? next - 1) + 1
      if (lines.length > 0) yield { type: 'lines', lines }
      else if (isOpen) await jobRecords.logs.grew(at, next, signal)
      else return yield { type: 'end', ...this.#linesOf(at) }
    }
  }

  /** The controller has the log of the last attempt, whatever became of its member. @throws {BakError} `no-such-run` */
  async *#logOfResult({ run, job, graph, attempt }: Partial<AttemptAt> & Pick<AttemptAt, 'run' | 'job'>, from: number) {
    const entries = await this.#entries({ run, job })
    const entry = entries.findLast(each => graph == null || graphKey(each.graph) === graphKey(graph))
    const last = entry?.attempts.findLast(({ outcome }) => outcome !== 'refused')?.attempt
    const isLast = last != null && (attempt == null || attempt === last)
    const lines = entry != null && isLast ? await readJobLog(this.#folder(run), entry.graph, job) : undefined
    if (entry == null || last == null || lines == null) throw unknownLog(run, job)
    yield { type: 'attempt' as const, run, job, graph: entry.graph, attempt: last }
    const wanted = lines.filter(({ n }) => n >= from)
    for (const some of frames<LogLine>(wanted, LINES)) yield { type: 'lines' as const, lines: some }
    yield { type: 'end' as const, ...this.#linesOf({ run, job, graph: entry.graph, attempt: last }) }
  }

  /** @returns how many lines an attempt wrote, where its result is known */
  #linesOf({ run, graph, ...which }: AttemptAt): { lines?: number } {
    const results = this.init.jobRecords.resultsOf(run, which)
    const result = results.find(({ value }) => graphKey(value.graph) === graphKey(graph))
    return result == null ? {} : { lines: result.value.lines }
  }

  #folder(run: string): string {
    return this.components.coordinator.folder(run).root
  }
}

const unknownLog = (run: string, job: string) => new BakError('no-such-run', `this peer has no log of ${job} of ${run}`)

/** Cut so that no frame has too many, nor is too large. */
function* frames<T>(all: T[], most: number): Generator<T[]> {
  let frame: T[] = []
  let bytes = 0
  for (const each of all) {
    const size = encode(each).length
    if (frame.length === most || (frame.length > 0 && bytes + size > FRAME_BYTES)) {
      yield frame
      frame = []
      bytes = 0
    }
    frame.push(each)
    bytes += size
  }
  if (frame.length > 0) yield frame
}
