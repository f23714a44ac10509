/**
 * Both ends of an exchange of output (output.ts). Who asks reads at the pace of a person or a pipe, and of hundreds of members at once: so a
 * member sends no more than is asked for, a window at the beginning and a part of that each time as much was taken. After the last portion
 * comes the word `end`: a stream that ends without it broke, which a closed connection does not tell.
 */
import { BakError } from './errors.ts'
import type { OutputCall, OutputMark, OutputPortion, OutputRequest } from './output.ts'
import { call, type Exchange, type Handler, type Opener, type Protocol, type WaitOptions } from './stream.ts'

/** Characters of output that are sent and not taken, and those that each further request asks for: 5 MiB/s at a round trip of 100 ms. */
const WINDOW = 512 * 1024
const MORE = 128 * 1024

/** Alike at both ends. */
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
  const exchange = await call(open, protocol, options)
  await exchange.send(request)
  let taken = 0
  const answers = async function* () {
    for await (const each of exchange) {
      yield each
      taken += lengthOf(each)
      if (taken < MORE) continue
      taken -= MORE
      // where the other side is gone the next answer tells
      await exchange.send({ more: true }).catch(() => {})
    }
  }
  yield* wholeOutput(answers())
}

/** Who answers. @returns a handler that is as fast as it is asked to be */
export const answerOutput = (
  give: (request: OutputRequest, exchange: Exchange<OutputCall>) => AsyncIterable<OutputPortion | OutputMark>
): Handler<OutputCall, OutputPortion | OutputMark> =>
  async function* (first, exchange) {
    if ('more' in first) throw new BakError('bad-message', 'the first message says which output is asked for')
    yield* givePaced(give(first, exchange), exchange.receive)
  }

async function* givePaced(
  output: AsyncIterable<OutputPortion | OutputMark>,
  receive: () => Promise<OutputCall | undefined>
): AsyncGenerator<OutputPortion | OutputMark> {
  let room = WINDOW
  for await (const each of output) {
    while (room <= 0 && 'stream' in each) {
      if ((await receive()) === undefined) return
      room += MORE
    }
    yield each
    room -= lengthOf(each)
  }
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
