/** Gives out the output of a run as bytes: what was written so far, and what is written until the run is over. */
import { type OutputPortion, PORTION_OF_OUTPUT_BYTES, wholeCharacters, wrapOutput } from '../../protocols/output.ts'
import type { RunOutput } from '../store/run-output.ts'
import { pause } from '../wait.ts'

/** Interval at which the files are read while the run goes on. */
const POLL_INTERVAL_MS = 250

/** @param isOver whether nothing more will be written */
export async function* followOutput(
  output: RunOutput,
  isOver: () => boolean,
  signal: AbortSignal
): AsyncGenerator<OutputPortion> {
  const offsets = new Map<string, number>()
  for (;;) {
    const last = isOver()
    for (const { path, member, stream } of await output.files()) {
      for (let more = true; more; ) {
        signal.throwIfAborted()
        const offset = offsets.get(path) ?? 0
        const bytes = await output.read(path, offset, PORTION_OF_OUTPUT_BYTES)
        // a character may be cut by the portion, and in mid run by the end of what is written so far
        const isEnd = bytes.length < PORTION_OF_OUTPUT_BYTES
        const length = isEnd && last ? bytes.length : wholeCharacters(bytes)
        if (length > 0) yield { path, member, stream, ...wrapOutput(bytes.subarray(0, length)) }
        offsets.set(path, offset + length)
        more = !isEnd
      }
    }
    if (last) return
    await pause(POLL_INTERVAL_MS, signal)
  }
}
