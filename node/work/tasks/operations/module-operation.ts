/** The operation `module`: requests that a function of the user's makes. Its module is among what was staged. */
import { join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { cleanLine } from '../../../../protocols/clean-line.ts'
import { BakError } from '../../../../protocols/errors.ts'
import { placementOf } from '../../../../protocols/staged.ts'
import type { ModuleOperation } from '../../../../protocols/tasks/operation.ts'
import { inTime } from '../../../wait.ts'
import { MODULE_SECONDS, type OperationRunner, type RunnerInit } from '../operation.ts'
import { type LoadModule, ModuleRequester } from './module-requester.ts'

const OPTIONAL = ['partition', 'setup', 'teardown', 'open', 'close'] as const

/**
 * @param seconds for its import, its setup and the `open` of a client, each; fewer in tests
 * @throws {BakError} `bad-run-file` naming the module: it cannot be loaded in time, lacks the function, or its setup failed
 */
export async function moduleRunner(
  operation: ModuleOperation,
  { folder, doing }: RunnerInit,
  seconds = MODULE_SECONDS
): Promise<OperationRunner> {
  const path = placementOf(operation.module)
  const limited = <T>(work: Promise<T>, what = 'it') =>
    inTime(work, { ms: seconds * 1000, late: () => new BakError('timeout', `${what} took longer than ${seconds} s`) })
  doing?.(`the import of ${path}`)
  const loaded = await limited(load(join(folder, path)), 'its import').catch(cause => {
    throw new BakError('bad-run-file', `${placeIn(cause, folder) ?? path}: ${reasonOf(cause)}`, { cause })
  })
  const name = operation.function ?? 'default'
  const request = loaded[name]
  if (typeof request !== 'function') {
    const wanted = operation.function == null ? 'a default function' : `a function ${operation.function}`
    throw new BakError('bad-run-file', `${path}: it does not export ${wanted}`)
  }
  const wrong = OPTIONAL.find(key => loaded[key] != null && typeof loaded[key] !== 'function')
  if (wrong != null) throw new BakError('bad-run-file', `${path}: its export ${wrong} is no function`)
  const module = { ...loaded, request } as LoadModule
  const { setup, teardown } = module
  doing?.(`the setup of ${path}`)
  await called(path, 'setup', () => limited((async () => setup?.({ params: operation.params, folder }))()))
  return {
    open: context => called(path, 'open', () => limited(ModuleRequester.open(operation, module, context))),
    close: () => called(path, 'teardown', async () => void (await teardown?.({ params: operation.params, folder })))
  }
}

/** @returns `lib/rows.mjs:12` of an import that does not fit, which the first line of its stack has; of what cannot be parsed Node does not tell it */
function placeIn(cause: unknown, folder: string): string | undefined {
  if (!(cause instanceof SyntaxError)) return undefined
  const [, url = '', line] = /^(file:\/\/\S+):(\d+)\n/.exec(cause.stack ?? '') ?? []
  return url === '' ? undefined : `${relative(folder, fileURLToPath(url))}:${line}`
}

const load = async (file: string): Promise<Record<string, unknown>> => await import(pathToFileURL(file).href)

async function called<T>(path: string, what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (cause) {
    throw new BakError('bad-run-file', `${path}: ${what} failed: ${reasonOf(cause)}`, { cause })
  }
}

const reasonOf = (cause: unknown): string =>
  cleanLine(cause instanceof Error ? cause.message : String(cause)).slice(0, 500)
