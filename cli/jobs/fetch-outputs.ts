/** `--fetch` of the commands that follow a run: when it has ended, the outputs of the jobs that no other one needs come to a folder here. */
import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { CallRequest, CallResponse } from '../../protocols/control.ts'
import { callDaemon } from '../../protocols/control-http.ts'
import { asBakError, BakError, whyOf } from '../../protocols/errors.ts'
import { readJobsFile } from '../../protocols/jobs/read-jobs-file.ts'
import { listInWords } from '../../protocols/list-in-words.ts'
import type { Context } from '../command.ts'
import { formatBytes } from '../format.ts'
import type { AtEnd } from '../report-at-end.ts'
import { findResult } from '../result/find-result.ts'
import { type RootOutput, rootOutputs } from './root-outputs.ts'

/** Outputs that one line names. */
const MAX_NAMED = 4

type Get = (request: CallRequest<'get-artifact'>) => AsyncIterable<CallResponse<'get-artifact'>>
interface Fetched {
  bytes: number
  /** Of them, those that came from other peers. */
  fetched: number
}

/** Before a run begins whose outputs could not be written at its end. @throws {BakError} `usage`, `cannot-create` */
export function checkFetch({ fetch, detach = false }: { fetch?: string; detach?: boolean }): void {
  if (fetch == null) return
  if (detach)
    throw new BakError('usage', 'with --detach nobody waits for the end of the run: bak attach RUN --fetch FOLDER')
  let names: string[] = []
  try {
    names = readdirSync(fetch)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT')
      throw new BakError('cannot-create', `--fetch ${fetch}: ${whyOf(cause)}`, { cause })
  }
  if (names.length > 0)
    throw new BakError('cannot-create', `--fetch ${fetch}: it has files already; name a folder that is empty, or new`)
}

/** @returns what fetches; nothing where that was not asked for */
export function fetchAtEnd(
  context: Pick<Context, 'home' | 'ask' | 'socket'>,
  folder: string | undefined,
  signal: AbortSignal
) {
  if (folder == null) return undefined
  const get: Get = request => callDaemon(context.socket, 'get-artifact', request, { signal })
  return async (run: string): Promise<AtEnd> => {
    try {
      return await fetchOutputs(await outputsOf(context, run), resolve(folder), { run, get })
    } catch (cause) {
      return { texts: [`no outputs of jobs are in ${folder}: ${asBakError(cause).message}`], isDone: false }
    }
  }
}

async function outputsOf(context: Pick<Context, 'home' | 'ask'>, run: string): Promise<RootOutput[]> {
  const { folder, view } = await findResult(context, run)
  const hint = `bak artifact ls --run ${run}`
  if (folder == null) {
    const where = view?.moved ?? view?.holder
    throw new BakError('no-such-run', `the result is ${where == null ? 'not here' : `at ${where}`}: ${hint}`)
  }
  return rootOutputs((await readJobsFile(folder)) ?? [])
}

/** One after the other; what cannot be had keeps no other from coming. */
export async function fetchOutputs(
  outputs: RootOutput[],
  folder: string,
  { run, get }: { run: string; get: Get }
): Promise<AtEnd> {
  const failed: string[] = []
  const all: Fetched = { bytes: 0, fetched: 0 }
  for (const { job, path, digest } of outputs) {
    try {
      for await (const answer of get({ what: digest, run, path: join(folder, job, path) })) {
        if (answer.state !== 'here') continue
        all.bytes += answer.bytes
        all.fetched += answer.fetched
      }
    } catch (cause) {
      failed.push(`${job}/${path}: ${asBakError(cause).message}`)
    }
  }
  const count = outputs.length - failed.length
  const texts = [
    ...(outputs.length === 0 ? ['the run has no outputs of jobs: nothing is fetched'] : []),
    ...(count === 0 ? [] : [describeFetched(count, all, folder)]),
    ...(failed.length === 0 ? [] : [`not fetched: ${listInWords(failed, MAX_NAMED)}`])
  ]
  return { texts, isDone: failed.length === 0 }
}

/** `2 outputs of jobs in /home/me/out: 16.2 KiB, 4.1 KiB of them from other peers` */
const describeFetched = (count: number, { bytes, fetched }: Fetched, folder: string) =>
  `${count} ${count === 1 ? 'output' : 'outputs'} of jobs in ${folder}: ${formatBytes(bytes)}, ${formatBytes(fetched)} of them from other peers`
