/** Gives out the output of a run that is on this peer, in the order in which it was written: what is there, and what is still written. */
import { stepFolder } from '../../protocols/layout.ts'
import { isSelected, type OutputMark, type OutputPortion, type OutputRequest } from '../../protocols/output.ts'
import { Heap } from '../heap.ts'
import type { RunOutput } from '../store/run-output.ts'
import { pause } from '../wait.ts'
import { InstanceOutput } from './instance-output.ts'

/** Interval at which the files are looked at while the run goes on. */
const POLL_INTERVAL_MS = 250

interface ReadOptions {
  /** For a request that follows: whether nothing more will be written. */
  isOver?: () => boolean
  /** The clock of the controller; needed where output is still written. */
  clock?: () => number
  signal: AbortSignal
}

/** @returns portions and their end; where the request follows, also a mark once all is told that there was */
export async function* readOutput(
  output: RunOutput,
  request: Omit<OutputRequest, 'run'>,
  { isOver = () => true, clock, signal }: ReadOptions
): AsyncGenerator<OutputPortion | OutputMark> {
  const skip = new Map(request.skip?.map(({ path, bytes }) => [path, bytes]))
  const readers = new Map<string, InstanceOutput>()
  const done = new Set<string>()
  let isCaughtUp = false
  for (;;) {
    const now = clock?.()
    const isLast = !request.follow || isOver()
    const steps = (request.step == null ? await output.steps() : [request.step]).filter(
      step => !done.has(stepFolder(step))
    )
    for (const [i, step] of steps.entries()) {
      // one that has a next one is over
      const isStepOver = isLast || i < steps.length - 1
      const of = (await output.instances(step))
        .filter(instance => isSelected(instance, request))
        .map(instance => {
          const reader =
            readers.get(instance.folder) ?? new InstanceOutput(output, instance, path => skip.get(path) ?? 0)
          readers.set(instance.folder, reader)
          reader.look(isStepOver, now)
          return reader
        })
      yield* inOrder(of, signal)
      if (!isStepOver) continue
      done.add(stepFolder(step))
      for (const { instance } of of) readers.delete(instance.folder)
    }
    if (isLast) return yield { end: true }
    if (!isCaughtUp && now != null) yield { caughtUp: now }
    isCaughtUp = true
    await pause(POLL_INTERVAL_MS, signal)
    signal.throwIfAborted()
  }
}

/** One look at several instances. */
async function* inOrder(readers: InstanceOutput[], signal: AbortSignal): AsyncGenerator<OutputPortion> {
  const heap = new Heap<{ at: number; index: number }>((a, b) => a.at - b.at || a.index - b.index)
  const put = async (index: number) => {
    const at = await readers[index]?.next()
    if (at != null) heap.push({ at, index })
  }
  for (const index of readers.keys()) await put(index)
  for (let least = heap.pop(); least != null; least = heap.pop()) {
    for await (const portion of readers[least.index]?.take() ?? []) {
      signal.throwIfAborted()
      yield portion
    }
    await put(least.index)
  }
}
