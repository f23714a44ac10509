/** Whether the targets of a task can be reached, before it begins. */
import { Client } from 'undici'
import { cleanLine } from '../../../../protocols/clean-line.ts'
import { BakError } from '../../../../protocols/errors.ts'
import { addressesOf, type HttpAddress } from '../../../../protocols/tasks/http-address.ts'
import type { HttpOperation } from '../../../../protocols/tasks/operation.ts'
import { inParallel } from '../../../in-parallel.ts'
import { pause } from '../../../wait.ts'
import { kindOf, TIMEOUT } from './error-kinds.ts'
import { clientOptions } from './http-connection.ts'
import { filled, templateOf } from './template.ts'

/** Targets that are asked at the same time. */
const AT_ONCE = 16
/** For one answer, and between two attempts. */
const ATTEMPT_MS = 5_000
const BETWEEN_MS = 500
/** Targets that a message names. */
const MAX_NAMED = 3
const MAX_SERVER = 200

export interface ReachedTarget {
  /** As the operation names it; without targets the scheme, host and port of its address. */
  target: string
  /** As it names itself: its header `server`. */
  server?: string
}

/**
 * Each is asked for the headers of its path until it answers, whatever its status is.
 * @returns them in their order, each once
 * @throws {BakError} `unreachable` when the signal aborts before all have answered, naming those that have not and why
 */
export async function probeTargets(operation: HttpOperation, signal: AbortSignal): Promise<ReachedTarget[]> {
  const options = clientOptions(operation)
  const named = addressesOf(operation).map((address, i) => [operation.targets?.[i] ?? address.origin, address] as const)
  const targets = new Map(named)
  const reached = new Map<string, ReachedTarget>()
  const reasons = new Map<string, string>()
  await inParallel(targets, AT_ONCE, async ([target, address]) => {
    while (!signal.aborted) {
      const answer = await ask(address, options, signal).catch(cause => cause as Error)
      if (!(answer instanceof Error)) return void reached.set(target, { target, ...answer })
      if (!signal.aborted || !reasons.has(target)) reasons.set(target, reasonOf(answer))
      await pause(BETWEEN_MS, signal)
    }
  })
  const missing = [...targets.keys()].filter(target => !reached.has(target))
  if (missing.length === 0) return [...targets.keys()].map(target => reached.get(target) as ReachedTarget)
  const shown = missing.slice(0, MAX_NAMED).map(each => `${each} (${reasons.get(each) ?? 'was not asked in time'})`)
  const more = missing.length > MAX_NAMED ? ` and ${missing.length - MAX_NAMED} more` : ''
  throw new BakError('unreachable', `no answer from ${shown.join(', ')}${more}`)
}

async function ask(
  { origin, path }: HttpAddress,
  options: Client.Options,
  signal: AbortSignal
): Promise<{ server?: string }> {
  const client = new Client(origin, options)
  const attempt = AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_MS)])
  try {
    const first = filled(templateOf(path), { client: 0, clients: 1, request: 0 })
    const { headers, body } = await client.request({ method: 'HEAD', path: first, signal: attempt })
    body.on('error', () => {})
    const named = [headers.server ?? []].flat()[0]
    return named == null ? {} : { server: cleanLine(named).slice(0, MAX_SERVER) }
  } finally {
    await client.destroy().catch(() => {})
  }
}

function reasonOf(error: Error): string {
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return TIMEOUT
  return kindOf(error)
}
