/** The other end of `crew.ts`: a process that reports when it is ready, answers questions, and ends with its parent. */

export function serve<Q>(ready: unknown, answer: (question: Q) => Promise<unknown>): void {
  const send = (message: { value?: unknown; error?: string }) => process.send?.(message)
  process.on('message', question => {
    answer(question as Q).then(
      value => send({ value }),
      (error: Error) => send({ error: error.stack ?? error.message })
    )
  })
  process.once('disconnect', () => process.exit())
  send({ value: ready })
}

/** This machine's time in ms since 1970, with fractions. */
export const now = () => performance.timeOrigin + performance.now()

/** A bound for a wait that nothing else bounds. */
export function within<T>(wait: Promise<T>, limit: number, what: string): Promise<T> {
  const timeout = Promise.withResolvers<never>()
  const timer = setTimeout(() => timeout.reject(new Error(`${what}: not within ${limit / 1000} s`)), limit)
  return Promise.race([wait, timeout.promise]).finally(() => clearTimeout(timer))
}
