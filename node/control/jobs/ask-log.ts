/** Reads the log of an attempt from one peer, which sends no more than is asked for. */
import {
  type JobRecordsResponse,
  jobRecordsProtocol,
  type LogAnswer,
  type LogRequest
} from '../../../protocols/jobs/job-records.ts'
import { call, type Opener, type WaitOptions } from '../../../protocols/stream.ts'

const isOfLog = (answer: JobRecordsResponse): answer is LogAnswer =>
  answer.type === 'attempt' || answer.type === 'lines' || answer.type === 'end'

/** @throws {BakError} what the peer says; `unreachable` */
export async function* askLog(open: Opener, request: LogRequest, options: WaitOptions): AsyncGenerator<LogAnswer> {
  const exchange = await call(open, jobRecordsProtocol, options)
  await exchange.send(request)
  for await (const answer of exchange) {
    if (isOfLog(answer)) yield answer
    await exchange.send({ type: 'more' }).catch(() => {})
  }
}
