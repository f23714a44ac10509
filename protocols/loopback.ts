/**
 * An exchange of a peer with itself: the same handler, the same messages, no stream and no bytes between. So a
 * controller that is also a member needs no second road.
 */
import { Queue } from './queue.ts'
import type { Call, Handler, WaitOptions } from './stream.ts'

export function callSelf<Request, Response>(
  handler: Handler<Request, Response>,
  peer: string,
  { signal }: WaitOptions = {}
): Call<Request, Response> {
  const requests = new Queue<Request>()
  const gone = new AbortController()
  const give = (error: Error) => {
    requests.fail(error)
    gone.abort(error)
  }
  signal?.addEventListener('abort', () => give(signal.reason), { once: true })

  async function* answer(): AsyncGenerator<Response> {
    const first = await requests.take()
    if (first === undefined) return
    yield* handler(first, { peer, signal: gone.signal, receive: () => requests.take() })
  }
  const responses = answer()
  const receive = async () => {
    gone.signal.throwIfAborted()
    const { done, value } = await Promise.race([responses.next(), rejection(gone.signal)])
    return done ? undefined : value
  }
  return {
    send: request => requests.put(request),
    receive,
    close: async () => requests.end(),
    abort: give,
    async *[Symbol.asyncIterator]() {
      try {
        for (let next = await receive(); next !== undefined; next = await receive()) yield next
      } finally {
        requests.end()
      }
    }
  }
}

function rejection(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>()
  promise.catch(() => {})
  if (signal.aborted) reject(signal.reason)
  else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  return promise
}
