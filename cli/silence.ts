/**
 * A daemon that takes calls and answers none, as one that was stopped (SIGSTOP) does. An answer may take long for good reasons: while none comes,
 * another call asks whether the daemon is there.
 */
import type { CallName, CallRequest, CallResponse } from '../protocols/control.ts'
import { callOnce } from '../protocols/control-http.ts'
import { BakError } from '../protocols/errors.ts'

/** Ms without an answer until the daemon is asked, and ms that it has for that. */
interface Patience {
  silence: number
  answer: number
}

/** An error that is wrong costs more than a line that is; a daemon that measures is asked seldom. */
const OF_CALLS: Patience = { silence: 5_000, answer: 15_000 }
const OF_RUNS: Patience = { silence: 10_000, answer: 5_000 }

const SILENT = 'the daemon here does not answer: is it stopped, or its machine overloaded?'

/** @param tell gets a line when the daemon falls silent, and when it answers again @returns the same answers, however long they take */
export async function* tellSilence<T>(
  answers: AsyncIterable<T>,
  socket: string,
  tell: (text: string) => unknown,
  patience = OF_RUNS
): AsyncGenerator<T> {
  const watch = new SilenceWatch(socket, patience, isSilent =>
    tell(isSilent ? `bak: ${SILENT} Waiting for it` : 'bak: the daemon here answers again')
  )
  try {
    for await (const answer of answers) {
      watch.hear()
      yield answer
    }
  } finally {
    watch.end()
  }
}

/** @returns the first answer of a call @throws {BakError} as `callOnce`, and `timeout` where the daemon answers nothing at all */
export async function askDaemon<N extends CallName>(
  socket: string,
  call: N,
  request: CallRequest<N>,
  patience = OF_CALLS
): Promise<CallResponse<N>> {
  const leaving = new AbortController()
  const watch = new SilenceWatch(socket, patience, () => leaving.abort(new BakError('timeout', SILENT)))
  try {
    return await callOnce(socket, call, request, { signal: leaving.signal })
  } finally {
    watch.end()
  }
}

class SilenceWatch {
  readonly #socket: string
  readonly #answer: number
  readonly #onChange: (isSilent: boolean) => void
  readonly #timer: NodeJS.Timeout
  #asking: AbortController | undefined
  #isSilent = false

  constructor(socket: string, { silence, answer }: Patience, onChange: (isSilent: boolean) => void) {
    this.#socket = socket
    this.#answer = answer
    this.#onChange = onChange
    this.#timer = setTimeout(() => void this.#ask(), silence)
  }

  hear(): void {
    this.#asking?.abort()
    this.#note(false)
    this.#timer.refresh()
  }

  end(): void {
    this.#asking?.abort()
    clearTimeout(this.#timer)
  }

  /** Never rejects. */
  async #ask(): Promise<void> {
    const asking = new AbortController()
    this.#asking = asking
    const late = AbortSignal.timeout(this.#answer)
    const signal = AbortSignal.any([asking.signal, late])
    // that there is none any more is told by the call itself
    await callOnce(this.#socket, 'status', {}, { signal }).catch(() => {})
    // an answer came meanwhile, or none is waited for any more
    if (asking.signal.aborted) return
    this.#note(late.aborted)
    this.#timer.refresh()
  }

  #note(isSilent: boolean): void {
    if (isSilent === this.#isSilent) return
    this.#isSilent = isSilent
    this.#onChange(isSilent)
  }
}
