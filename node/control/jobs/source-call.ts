/** The call about inputs of jobs that are fetched from addresses. */
import type { CallInput, CallResponse, HandlerOptions } from '../../../protocols/control.ts'
import { asBakError } from '../../../protocols/errors.ts'
import { cutText } from '../../../protocols/fields.ts'
import type { FetchedSource, Source } from '../../artifacts/sources.ts'
import type { Parts } from '../../parts.ts'
import { pause } from '../../wait.ts'

/** Between two words of how far it is, ms. */
const PULSE_MS = 250

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
  let end: FetchedSource | { cause: unknown } | undefined
  const onProgress = (done: number, total: number | undefined) => {
    at = { done, total }
  }
  const ended = new AbortController()
  const fetching = sources.fetch(source, { signal, onProgress }).then(
    got => {
      end = got
      ended.abort()
    },
    cause => {
      end = { cause }
      ended.abort()
    }
  )
  for (;;) {
    await pause(PULSE_MS, ended.signal)
    if (end != null) break
    yield { state: 'fetching', ...source, ...at }
  }
  await fetching
  signal.throwIfAborted()
  if ('digest' in end) return yield { state: 'here', ...source, ...end, fetched: true }
  const { code, message } = asBakError(end.cause)
  yield { state: 'failed', ...source, code, error: cutText(message) }
}
