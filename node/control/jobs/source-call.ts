/** The call about inputs of jobs that are fetched from addresses. */
import type { CallInput, CallResponse, HandlerOptions } from '../../../protocols/control.ts'
import { asBakError } from '../../../protocols/errors.ts'
import { cutText } from '../../../protocols/fields.ts'
import type { Source } from '../../artifacts/sources.ts'
import type { Parts } from '../../parts.ts'
import { toldWhile } from './told-while.ts'

export async function* jobSources(
  { artifacts }: Pick<Parts, 'artifacts'>,
  { sources, download = false }: CallInput<'job-sources'>,
  { signal }: HandlerOptions
): AsyncGenerator<CallResponse<'job-sources'>> {
  for (const source of sources) {
    const found = await artifacts.sources.find(source.sha256)
    if (found != null) yield { state: 'here', ...source, ...found, fetched: false }
    else if (download) yield* fetchOne(artifacts, source, signal)
    else yield { state: 'absent', ...source }
  }
}

/** One that cannot be had keeps no other back. */
async function* fetchOne(
  { sources }: Parts['artifacts'],
  source: Source,
  signal: AbortSignal
): AsyncGenerator<CallResponse<'job-sources'>> {
  let at: { done: number; total?: number | undefined } = { done: 0 }
  const onProgress = (done: number, total: number | undefined) => {
    at = { done, total }
  }
  try {
    const fetching = sources.fetch(source, { signal, onProgress })
    const got = yield* toldWhile(fetching, () => ({ state: 'fetching' as const, ...source, ...at }))
    yield { state: 'here', ...source, ...got, fetched: true }
  } catch (cause) {
    signal.throwIfAborted()
    const { code, message } = asBakError(cause)
    yield { state: 'failed', ...source, code, error: cutText(message) }
  }
}
