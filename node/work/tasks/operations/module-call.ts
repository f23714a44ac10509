/** One call of a module's function: what it is given, and what its result means. */
import type { ClientContext, Outcome } from '../operation.ts'
import { isNetworkKind, kindOf, normalKind } from './error-kinds.ts'

interface CallInit {
  params: Record<string, unknown>
  client: unknown
  request: number
  signal: AbortSignal
}

const MAX_UNIT = 30
/** Sums over a second, and over a run, stay exact enough to be held against each other. */
const MAX_WEIGHT = 1e12

/** The `context` of a module's function. */
export class ModuleCall {
  readonly task: string
  /** Index of the client among those of the task, and their number. */
  readonly index: number
  readonly clients: number
  /** Requests of this client before. */
  readonly request: number
  /** Of the operation, or this client's share of them. */
  readonly params: Record<string, unknown>
  /** Parameters of the iteration of the run. */
  readonly settings: Record<string, string>
  /** The working folder. */
  readonly folder: string
  /** What `open` returned. */
  readonly client: unknown
  /** Aborts at the timeout of the request, and when the task is cut short. */
  readonly signal: AbortSignal
  #begun = 0
  #sent: number | undefined
  #received: number | undefined

  constructor({ task, index, clients, params: settings, folder }: ClientContext, init: CallInit) {
    this.task = task
    this.index = index
    this.clients = clients
    this.settings = settings
    this.folder = folder
    this.params = init.params
    this.client = init.client
    this.request = init.request
    this.signal = init.signal
  }

  /** The request goes out now, where that is not with the call: the first one counts. */
  sent(): void {
    this.#sent ??= performance.now()
  }

  /** The answer is here, where that is before the function returns: the last one counts. */
  received(): void {
    this.#received = performance.now()
  }

  begin(): void {
    this.#begun = performance.now()
  }

  end(failed?: string): Outcome {
    const begun = this.#sent ?? this.#begun
    // a module may mark them the wrong way round
    const times = { begun, ended: Math.max(begun, this.#received ?? performance.now()) }
    return failed == null ? times : { ...times, failed, isNetwork: isNetworkKind(failed) }
  }

  /** Never rejects. */
  async run(request: (context: ModuleCall) => unknown): Promise<Outcome> {
    try {
      return this.#outcomeOf(await request(this))
    } catch (cause) {
      return this.end(kindOf(cause))
    }
  }

  /** As runners of Rally: nothing, [weight, unit], or a table. */
  #outcomeOf(result: unknown): Outcome {
    if (result == null || typeof result !== 'object') return this.end()
    const { weight, unit, success, error, last } = (
      Array.isArray(result) ? { weight: result[0], unit: result[1] } : result
    ) as Record<string, unknown>
    // an error that it says it got over is none
    const isFailed = success === false || (success !== true && error != null)
    const outcome = this.end(isFailed ? errorKind(error) : faultIn(weight, unit))
    if (typeof weight === 'number' && outcome.failed == null) outcome.weight = weight
    if (typeof unit === 'string' && outcome.failed == null) outcome.unit = unit
    if (last === true) outcome.isLast = true
    return outcome
  }
}

function errorKind(error: unknown): string {
  if (error == null || error === true) return 'error'
  return typeof error === 'string' ? normalKind(error) : kindOf(error)
}

function faultIn(weight: unknown, unit: unknown): string | undefined {
  if (weight != null && !(typeof weight === 'number' && weight >= 0 && weight <= MAX_WEIGHT))
    return 'weight is no number'
  if (unit != null && !(typeof unit === 'string' && /^[\x21-\x7e]+$/.test(unit) && unit.length <= MAX_UNIT))
    return 'unit is no word'
  return undefined
}
