/** Says how far some work is while it goes on. */
import { pause } from '../../wait.ts'

/** Between two words, ms. */
const PULSE_MS = 250

/** @param say what is told; nothing where there is no news @returns what the work returns @throws what it throws */
export async function* toldWhile<T, Said>(work: Promise<T>, say: () => Said | undefined): AsyncGenerator<Said, T> {
  const ended = new AbortController()
  const end = () => ended.abort()
  work.then(end, end)
  for (;;) {
    await pause(PULSE_MS, ended.signal)
    if (ended.signal.aborted) return await work
    const said = say()
    if (said !== undefined) yield said
  }
}
