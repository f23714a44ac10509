/**
 * An exchange of a peer with itself: the same handler, the same messages, no stream and no bytes between. So a
 * controller that is also a member needs no second road.
 */
import { asBakError, BakError } from './errors.ts'
import type { Call, Handler, WaitOptions } from './protocol.ts'
import { Queue } from './queue.ts'

export function callSelf<Request, Response>(
  handler: Handler<Request, Response>,
  peer: string,
  { signal }: WaitOptions = {}
): Call<Request, Response> {
  const requests = new Queue<{ request: Request; plain?: Uint8Array }>()
  // an error comes after what was said before it
  const responses = new Queue<{ value: Response } | { error: Error }>(1)
  const gone = new AbortController()

  /** The handler runs to its end by itself: who has heard the last response does not ask for another. */
  const answer = async () => {
    try {
      let plain: Uint8Array | undefined
      const receive = async () => {
        const next = await requests.take()
        plain = next?.plain
        return next?.request
      }
      const first = await receive()
      if (first === undefined) return
      const receivePlain = async (into: Uint8Array) => into.set(plain?.subarray(0, into.length) ?? [])
      const exchange = { peer, signal: gone.signal, receive, receivePlain }
      for await (const value of handler(first, exchange)) await responses.put({ value })
    } catch (cause) {
      await responses.put({ error: asBakError(cause) }).catch(() => {})
    } finally {
      signal?.removeEventListener('abort', onAbort)
      responses.end()
    }
  }
  const give = (error: Error) => {
    signal?.removeEventListener('abort', onAbort)
    requests.fail(error)
    responses.fail(error)
    gone.abort(error)
  }
  const onAbort = () => give(asBakError(signal?.reason))
  signal?.addEventListener('abort', onAbort)
  if (signal?.aborted) onAbort()
  void answer()

  const receive = async () => {
    const next = await responses.take()
    if (next === undefined) return undefined
    if ('error' in next) throw next.error
    return next.value
  }

  return {
    send: (request, plain) => requests.put({ request, plain }),
    receive,
    close: async () => requests.end(),
    abort: give,
    async *[Symbol.asyncIterator]() {
      let over = false
      try {
        for (let next = await receive(); next !== undefined; next = await receive()) yield next
        over = true
      } finally {
        requests.end()
        // the handler cleans up, wherever it is
        if (!over) give(new BakError('interrupted', 'the caller has heard enough'))
      }
    }
  }
}
