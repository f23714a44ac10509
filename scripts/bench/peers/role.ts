/** The other end of `crew.ts`: a process that says when it is ready, answers what it is asked, and goes with its parent. */

export function serve<Q>(ready: unknown, answer: (question: Q) => Promise<unknown>): void {
  const tell = (message: { value?: unknown; error?: string }) => process.send?.(message)
  process.on('message', question => {
    answer(question as Q).then(
      value => tell({ value }),
      (error: Error) => tell({ error: error.stack ?? error.message })
    )
  })
  process.once('disconnect', () => process.exit())
  tell({ value: ready })
}

/** This machine's time in ms since 1970, with fractions. */
export const now = () => performance.timeOrigin + performance.now()

/** A bound for a wait that nothing else bounds. */
export function within<T>(wait: Promise<T>, limit: number, what: string): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`${what}: not within ${limit / 1000} s`)), limit)
  return Promise.race([wait, late.promise]).finally(() => clearTimeout(timer))
}
