/**
 * An exchange of a peer with itself: the same handler, the same messages, no stream and no bytes between. So a
 * controller that is also a member needs no second road.
 */
import { asBakError } from './errors.ts'
import { Queue } from './queue.ts'
import type { Call, Handler, WaitOptions } from './stream.ts'

export function callSelf<Request, Response>(
  handler: Handler<Request, Response>,
  peer: string,
  { signal }: WaitOptions = {}
): Call<Request, Response> {
  const requests = new Queue<Request>()
  const gone = new AbortController()

  async function* answer(): AsyncGenerator<Response> {
    const first = await requests.take()
    if (first === undefined) return
    yield* handler(first, { peer, signal: gone.signal, receive: () => requests.take() })
  }
  const responses = answer()
  const over = () => signal?.removeEventListener('abort', onAbort)
  /** The handler cleans up, wherever it is. */
  const letGo = () => {
    over()
    responses.return(undefined).catch(() => {})
  }
  const give = (error: Error) => {
    requests.fail(error)
    gone.abort(error)
    letGo()
  }
  const onAbort = () => give(asBakError(signal?.reason))
  signal?.addEventListener('abort', onAbort)
  if (signal?.aborted) onAbort()

  const receive = () =>
    new Promise<Response | undefined>((resolve, reject) => {
      const giveUp = () => reject(gone.signal.reason)
      if (gone.signal.aborted) return giveUp()
      gone.signal.addEventListener('abort', giveUp)
      const settle = () => gone.signal.removeEventListener('abort', giveUp)
      responses.next().then(
        ({ done, value }) => {
          settle()
          if (done) over()
          resolve(done ? undefined : value)
        },
        error => {
          settle()
          over()
          reject(asBakError(error))
        }
      )
    })

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
        letGo()
      }
    }
  }
}
