import type { Members } from './members.ts'

/** Resolves at the next change of the membership, or when the signal aborts. Never rejects. */
export function nextChange(members: Members, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      members.removeEventListener('change', done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    members.addEventListener('change', done)
    signal.addEventListener('abort', done)
    if (signal.aborted) done()
  })
}
