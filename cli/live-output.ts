/**
 * The output of the workload as it comes. Where it comes faster than it is read, the daemon leaves some out: a terminal gets a line in its
 * place, a file or a pipe the rest at the end, from the result. What is still missing then is told.
 */
import type { CallResponse } from '../protocols/control.ts'
import { asBakError } from '../protocols/errors.ts'
import type { RunEvent } from '../protocols/events.ts'
import { type OutputBytes, type OutputPortion, type OutputStream, unwrapOutput } from '../protocols/output.ts'
import { writeOutput, writeTo } from './output.ts'

const STREAMS = ['stdout', 'stderr'] as const
type Of<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>

export class LiveOutput {
  readonly #rest: ((run: string) => AsyncIterable<OutputPortion>) | undefined
  readonly #streams = { stdout: newState(), stderr: newState() }

  /** @param rest gives the output of a run that has ended, from its beginning; without it nothing is fetched */
  constructor(rest?: (run: string) => AsyncIterable<OutputPortion>) {
    this.#rest = rest
  }

  async show(event: Of<'output'>, print = (bytes: OutputBytes) => writeOutput(process[event.stream], bytes)) {
    const state = this.#streams[event.stream]
    const { length } = unwrapOutput(event)
    const { offset = state.next } = event
    const gap = offset - state.next
    state.next = offset + length
    state.total = Math.max(state.total, state.next)
    if (gap > 0 && process[event.stream].isTTY) await print({ text: `\n[... ${gap} bytes are not shown here]\n` })
    else if (gap > 0 && this.#rest != null) state.waits = true
    if (state.waits) return
    state.shown += length
    await print(event)
  }

  /** A sample is over: how much it wrote is known. */
  count({ written }: Of<'workload-ended'>): void {
    for (const stream of STREAMS)
      this.#streams[stream].total = Math.max(this.#streams[stream].total, written?.[stream] ?? 0)
  }

  /** @param hasEnded whether the rest can be had @returns a line for each stream that lacks something */
  async finish(run: string, hasEnded: boolean): Promise<string[]> {
    const lacking = STREAMS.filter(stream => this.#lacks(stream) > 0 && !process[stream].destroyed)
    const files = lacking.filter(stream => !process[stream].isTTY)
    let why = ''
    if (hasEnded && files.length > 0)
      await this.#complete(run, files).catch(cause => {
        why = ` (${asBakError(cause).message})`
      })
    return lacking
      .filter(stream => this.#lacks(stream) > 0)
      .map(stream => `${this.#lacks(stream)} bytes of ${stream} are not shown${why}: bak logs ${run} --${stream}`)
  }

  #lacks(stream: OutputStream): number {
    return this.#streams[stream].total - this.#streams[stream].shown
  }

  /** What such a stream has got is the beginning of its output. */
  async #complete(run: string, files: OutputStream[]): Promise<void> {
    const read = { stdout: 0, stderr: 0 }
    for await (const portion of this.#rest?.(run) ?? []) {
      const { stream } = portion
      if (!files.includes(stream)) continue
      const bytes = unwrapOutput(portion)
      const more = bytes.subarray(Math.max(0, this.#streams[stream].shown - read[stream]))
      read[stream] += bytes.length
      this.#streams[stream].shown += more.length
      await writeTo(process[stream], more)
    }
  }
}

/** @returns what the daemon answers to `logs` without all but the output */
export async function* outputOf(answers: AsyncIterable<CallResponse<'logs'>>): AsyncGenerator<OutputPortion> {
  for await (const each of answers) if ('stream' in each) yield each
}

/** @returns the same of a command on the controller, whose output events are of, and not of workloads on members */
export async function* commandOutputOf(answers: AsyncIterable<CallResponse<'logs'>>): AsyncGenerator<OutputPortion> {
  for await (const each of outputOf(answers)) if (each.workload == null) yield each
}

/** `next` is where the next portion begins if nothing is left out; `waits` while nothing is written before the rest comes. */
const newState = () => ({ shown: 0, next: 0, total: 0, waits: false })
