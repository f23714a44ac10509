/** Many small pieces of work, so many at once. */

/**
 * Does the work for each item, `atOnce` of them at a time, begun in their order. When a piece has failed no other begins.
 * @throws what the first piece threw that failed, when none is being done any more
 */
export async function inParallel<T>(
  items: Iterable<T>,
  atOnce: number,
  work: (item: T) => Promise<void>
): Promise<void> {
  const left = items[Symbol.iterator]()
  const failures: unknown[] = []
  const worker = async () => {
    for (let next = left.next(); !next.done && failures.length === 0; next = left.next()) {
      await work(next.value).catch(cause => failures.push(cause))
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  if (failures.length > 0) throw failures[0]
}
