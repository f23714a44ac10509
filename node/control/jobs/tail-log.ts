/** The log of one attempt from the peers that may have it: what one of them could not give any more comes from the next. */
import { asBakError } from '../../../protocols/errors.ts'
import { cutText } from '../../../protocols/fields.ts'
import type { AttemptAt, LogAnswer, LogRequest } from '../../../protocols/jobs/job-records.ts'
import type { LogLine } from '../../../protocols/jobs/job-stream.ts'

export type Tailed =
  | { type: 'begin'; at: AttemptAt; peer: string }
  | { type: 'lines'; lines: LogLine[] }
  | { type: 'missing'; reason: string }

interface TailInit {
  /** Who has it, the best first. */
  peers: string[]
  ask(peer: string, request: LogRequest, signal: AbortSignal): AsyncIterable<LogAnswer>
  nameOf(peer: string): string
  /** Go on until the attempt has ended. */
  follow: boolean
  signal: AbortSignal
}

/** @returns each line once @throws {BakError} the reason of the signal */
export async function* tailLog(
  at: AttemptAt,
  { peers, ask, nameOf, follow, signal }: TailInit
): AsyncGenerator<Tailed> {
  const reasons: string[] = []
  let from = 1
  let came = 0
  let giver: string | undefined
  for (const peer of peers) {
    try {
      for await (const answer of ask(peer, { type: 'log', ...at, from, follow }, signal)) {
        if (answer.type === 'end') {
          const lacking = (answer.lines ?? 0) - came
          if (lacking > 0) yield { type: 'missing', reason: `${lacking} of its ${answer.lines} lines are not kept` }
          return
        }
        if (answer.type === 'attempt' && giver == null) {
          giver = peer
          yield { type: 'begin', at, peer }
        }
        if (answer.type !== 'lines') continue
        const lines = answer.lines.filter(({ n }) => n >= from)
        from = (lines.at(-1)?.n ?? from - 1) + 1
        came += lines.length
        if (lines.length > 0) yield { type: 'lines', lines }
      }
      reasons.push(`${nameOf(peer)}: the connection broke`)
    } catch (cause) {
      if (signal.aborted) throw asBakError(signal.reason)
      reasons.push(`${nameOf(peer)}: ${asBakError(cause).message}`)
    }
  }
  const what = giver == null ? `the log of attempt ${at.attempt} of ${at.job} cannot be had` : `its log breaks off here`
  yield { type: 'missing', reason: cutText(`${what}: ${reasons.join('; ') || 'nobody has it'}`) }
}
