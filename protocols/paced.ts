/**
 * Both ends of an exchange whose answers are read at the pace of a person or a pipe, and of hundreds of members at once: so who answers sends no
 * more than is asked for, a window at the beginning and a part of that each time as much was taken.
 */
import { call, type Opener, type Protocol, type WaitOptions } from './stream.ts'

/** Characters that are sent and not taken, and those that each further request asks for: 5 MiB/s at a round trip of 100 ms. */
const WINDOW = 512 * 1024
const MORE = 128 * 1024

/** Characters of an answer, alike at both ends. */
export type LengthOf<Response> = (each: Response) => number

/**
 * Who asks: one request, and further ones as the answers are taken.
 * @param more the request for more
 * @throws {BakError} what the other side says
 */
export async function* askPaced<Request, Response>(
  open: Opener,
  protocol: Protocol<Request, Response>,
  request: Request,
  { more, lengthOf, ...options }: WaitOptions & { more: Request; lengthOf: LengthOf<Response> }
): AsyncGenerator<Response> {
  const exchange = await call(open, protocol, options)
  await exchange.send(request)
  let taken = 0
  for await (const each of exchange) {
    yield each
    for (taken += lengthOf(each); taken >= MORE; taken -= MORE) {
      // where the other side is gone the next answer tells
      await exchange.send(more).catch(() => {})
    }
  }
}

/** Who answers. @param receive @returns when the caller asks for more; undefined when it does not any more */
export async function* givePaced<Response>(
  answers: AsyncIterable<Response>,
  receive: () => Promise<unknown>,
  lengthOf: LengthOf<Response>
): AsyncGenerator<Response> {
  let room = WINDOW
  for await (const each of answers) {
    const length = lengthOf(each)
    while (room <= 0 && length > 0) {
      if ((await receive()) === undefined) return
      room += MORE
    }
    yield each
    room -= length
  }
}
