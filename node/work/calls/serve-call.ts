/** What each call of a workload does: those that concern others go to the controller, samples and periods into the instance's own file. */
import type { CallAnswer, CallBody } from '../../../protocols/calls.ts'
import { escapeValue } from '../../../protocols/workload-socket.ts'
import { type Answering, errorLine } from './connection.ts'
import type { MetricsWriter } from './metrics-writer.ts'

/** The controller's clock, and the bound of its error, ms. */
export interface ControllerTime {
  at: number
  bound: number
}

export interface ServeInit {
  /** Sends a call to the controller. Never rejects. */
  ask(body: CallBody, signal: AbortSignal): Promise<CallAnswer>
  metrics: MetricsWriter
  time(): ControllerTime
}

/** After the time that the controller was to take it counts as out of reach, ms: it may only be on its way back. */
const REACH_MS = 10_000
/** Longest wait for the answer to a call that waits for nobody, ms. */
const ANSWER_MS = 30_000

export function servingOf({ ask, metrics, time }: ServeInit): Answering {
  /** How often periods have begun and not ended: several processes of the instance may mark one name. */
  const begun = new Map<string, number>()
  /** @param timeout ms; undefined for a call that is answered at once, 0 for one that may wait for ever */
  const askFor = async (body: CallBody, signal: AbortSignal, timeout?: number): Promise<CallAnswer> => {
    const limit = timeout == null ? ANSWER_MS : timeout === 0 ? undefined : timeout + REACH_MS
    if (limit == null) return ask(body, signal)
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), limit).unref()
    try {
      const answer = await ask(body, AbortSignal.any([signal, late.signal]))
      if (!late.signal.aborted || signal.aborted) return answer
      return {
        status: timeout == null ? 69 : 1,
        reason: `${wordsOf(body)}: the controller of the run cannot be reached`
      }
    } finally {
      clearTimeout(timer)
    }
  }

  return async function* (request, signal) {
    switch (request.call) {
      case 'barrier': {
        const answer = await askFor(request, signal, request.timeout)
        for (const missing of answer.missing ?? []) yield `missing ${missing}`
        return yield lineOf(answer, `${answer.number} ${answer.size}`)
      }
      case 'publish': {
        const answer = await askFor(request, signal)
        return yield lineOf(answer, `${answer.number}`)
      }
      case 'put':
        return yield lineOf(await askFor(request, signal))
      case 'get': {
        const answer = await askFor(request, signal, request.timeout)
        return yield lineOf(answer, escapeValue(answer.value ?? new Uint8Array()))
      }
      case 'subscribe':
        return yield* subscribe(request, signal)
      case 'sample': {
        const { call: type, ...sample } = request
        await metrics.append({ at: time().at, type, ...sample })
        return yield 'ok'
      }
      case 'period': {
        const { name, edge } = request
        const times = (begun.get(name) ?? 0) + (edge === 'begin' ? 1 : -1)
        if (times < 0) return yield errorLine(1, `period ${name}: it ends here and was not begun`)
        if (times > 0) begun.set(name, times)
        else begun.delete(name)
        const { at, bound } = time()
        await metrics.append({ at, type: 'period', name, edge })
        return yield lineOf(await askFor({ call: 'period', name, edge, when: at, bound }, signal))
      }
    }
  }

  async function* subscribe(
    { name, count, timeout }: { name: string; count?: number; timeout: number },
    signal: AbortSignal
  ): AsyncGenerator<string> {
    const deadline = timeout > 0 ? performance.now() + timeout : Number.POSITIVE_INFINITY
    let next = 1
    for (let seen = 0; seen < (count ?? Number.POSITIVE_INFINITY); ) {
      const left = deadline - performance.now()
      const wait = Number.isFinite(left) ? Math.max(1, left) : 0
      const answer = await askFor({ call: 'messages', name, from: next, timeout: wait }, signal, wait)
      if (signal.aborted) return
      if (answer.status === 1 && count != null) {
        return yield errorLine(1, `${name}: ${seen} of ${count} messages came within ${timeout / 1000} s`)
      }
      // without a number of messages the end of the time is the end that was asked for
      if (answer.status === 1 && timeout > 0) break
      if (answer.status !== 0) return yield lineOf(answer)
      const { number = next, messages = [] } = answer
      if (number > next) yield `cut ${number - next}`
      for (const [i, { from, value }] of messages.slice(0, count == null ? undefined : count - seen).entries()) {
        yield `message ${number + i} ${from} ${escapeValue(value)}`
        seen++
      }
      next = number + messages.length
    }
    yield 'ok'
  }
}

const wordsOf = (body: CallBody) =>
  'name' in body ? `${body.call} ${body.name}` : 'key' in body ? `${body.call} ${body.key}` : body.call

/** @param words of an answer that says more than that it is done */
function lineOf({ status, reason = 'no reason given' }: CallAnswer, words = ''): string {
  return status === 0 ? `ok${words === '' ? '' : ` ${words}`}` : errorLine(status, reason)
}
