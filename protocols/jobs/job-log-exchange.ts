/** Both ends of an exchange of the log of a job (job-records.ts), which is paced (paced.ts). */
import { askPaced, givePaced } from '../paced.ts'
import type { Opener, WaitOptions } from '../stream.ts'
import {
  type JobRecordsRequest,
  type JobRecordsResponse,
  jobRecordsProtocol,
  type LogAnswer,
  type LogRequest
} from './job-records.ts'

/** What a line takes beside its text. */
const LINE = 32

const lengthOf = (each: JobRecordsResponse): number =>
  each.type === 'lines' ? each.lines.reduce((sum, { text }) => sum + text.length + LINE, 0) : 0

const isOfLog = (answer: JobRecordsResponse): answer is LogAnswer =>
  answer.type === 'attempt' || answer.type === 'lines' || answer.type === 'end'

/** Who asks. @returns answers that end with `end`, unless the connection broke @throws {BakError} what the peer says; `unreachable` */
export async function* askLog(open: Opener, request: LogRequest, options: WaitOptions): AsyncGenerator<LogAnswer> {
  const more: JobRecordsRequest = { type: 'more' }
  for await (const each of askPaced(open, jobRecordsProtocol, request, { ...options, more, lengthOf })) {
    if (isOfLog(each)) yield each
  }
}

/** Who answers. @param receive @returns when the caller asks for more; undefined when it does not any more */
export const giveLog = (
  answers: AsyncIterable<LogAnswer>,
  receive: () => Promise<unknown>
): AsyncGenerator<LogAnswer> => givePaced(answers, receive, lengthOf)
