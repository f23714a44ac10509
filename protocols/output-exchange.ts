/**
 * Both ends of an exchange of output (output.ts), which is paced (paced.ts). After the last portion comes the word `end`: a stream that ends
 * without it broke, which a closed connection does not tell.
 */
import { BakError } from './errors.ts'
import type { OutputCall, OutputMark, OutputPortion, OutputRequest } from './output.ts'
import { askPaced, givePaced } from './paced.ts'
import type { Exchange, Handler, Opener, Protocol, WaitOptions } from './stream.ts'

/** Marks count for nothing. */
const lengthOf = (each: OutputPortion | OutputMark) => ('stream' in each ? (each.text ?? each.base64 ?? '').length : 0)

/**
 * Who asks: one request, and further ones as the answers are taken.
 * @throws {BakError} what the other side says; `unreachable` where the answers end early
 */
export async function* askOutput(
  open: Opener,
  protocol: Protocol<OutputCall, OutputPortion | OutputMark>,
  request: OutputRequest,
  options: WaitOptions
): AsyncGenerator<OutputPortion | OutputMark> {
  yield* wholeOutput(askPaced(open, protocol, request, { ...options, more: { more: true }, lengthOf }))
}

/** Who answers. @returns a handler that is as fast as it is asked to be */
export const answerOutput = (
  give: (request: OutputRequest, exchange: Exchange<OutputCall>) => AsyncIterable<OutputPortion | OutputMark>
): Handler<OutputCall, OutputPortion | OutputMark> =>
  async function* (first, exchange) {
    if ('more' in first) throw new BakError('bad-message', 'the first message says which output is asked for')
    yield* givePaced(give(first, exchange), exchange.receive, lengthOf)
  }

/** @returns the same without the end @throws {BakError} `unreachable` where that is missing */
export async function* wholeOutput<T extends OutputPortion | OutputMark>(
  portions: AsyncIterable<T>
): AsyncGenerator<Exclude<T, { end: true }>> {
  let isWhole = false
  for await (const each of portions) {
    if ('end' in each) isWhole = true
    else yield each as Exclude<T, { end: true }>
  }
  if (!isWhole) throw new BakError('unreachable', 'the connection broke')
}
