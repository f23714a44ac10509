/** What commands that follow a run do when it has ended: its report, the outputs of its jobs. */
import type { Context } from './command.ts'
import type { FollowFlags } from './follow-flags.ts'
import { fetchAtEnd } from './jobs/fetch-outputs.ts'
import { type AtEnd, reportAtEnd } from './report-at-end.ts'

/** @param signal ends it, when the person detaches @returns what does all that was asked for, one after the other; nothing where nothing was */
export function atEnd(context: Pick<Context, 'home' | 'ask' | 'socket'>, options: FollowFlags, signal: AbortSignal) {
  const { fetch, quiet = false } = options
  const acts = [reportAtEnd(context, options), fetchAtEnd(context, fetch, signal)].filter(each => each != null)
  if (acts.length === 0) return undefined
  return async (run: string): Promise<AtEnd> => {
    const done: AtEnd[] = []
    for (const act of acts) done.push(await act(run))
    // what was done is where it was asked to be
    const told = done.filter(({ isDone }) => !quiet || !isDone)
    return { texts: told.flatMap(({ texts }) => texts), isDone: done.every(({ isDone }) => isDone) }
  }
}
