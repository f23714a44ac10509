/**
 * Tells a program that a real-time signal ended from one that ended with status 0: Node reports both as status 0, since it knows no
 * names of the signals 34 to 64. The kernel keeps the whole wait status of an ended process in /proc until its parent has collected it.
 * A descriptor that the program inherits shows when it ends: its close is an event of the loop before the one in which Node collects
 * the process.
 *
 * A descriptor that a child of the program still holds, or that the program closed itself, shows nothing: then Node's word stands. So it
 * does for a program that ends in the same half of a millisecond as another one, after the last look and before Node collects both.
 */
import type { Readable } from 'node:stream'
import { waitStatusOf } from './process-group.ts'

/** Above the descriptors that scripts open by number and those that shells keep for themselves, and within any limit. */
const DESCRIPTOR = 19
/** A process ends within microseconds after its descriptors are closed; on a busy machine it may have to wait for a processor. */
const MAX_WAIT_MS = 1_000
const LOOK_EVERY_MS = 0.2
/** The bits of a wait status that are the signal; wait(2). */
const SIGNAL_BITS = 0x7f

const never = new Int32Array(new SharedArrayBuffer(4))
/** Programs that were not seen to end, and where to leave the signal that ended each. */
const watched = new Map<number, (signal: number) => void>()

/** @returns the descriptors that a program gets beside its standard ones */
export const witnessStdio = (): Array<'ignore' | 'pipe'> => [
  ...Array.from({ length: DESCRIPTOR - 3 }, () => 'ignore' as const),
  'pipe'
]

/** @returns the number of the signal that ended the program, once it has ended and as far as that is known */
export function watchSignal(child: { pid?: number; stdio: ReadonlyArray<unknown> }): () => number | undefined {
  const { pid, stdio } = child
  const pipe = stdio[DESCRIPTOR] as (Readable & { unref?(): void }) | undefined
  let signal: number | undefined
  if (pid != null)
    watched.set(pid, each => {
      signal = each
    })
  // Node collects all that have ended by then, not only this one
  pipe?.once('end', lookAtAll).on('error', () => {})
  // nothing is to be said there: who writes nevertheless would keep the daemon busy with reading
  pipe?.once('data', () => pipe.destroy())
  pipe?.unref?.()
  pipe?.resume()
  return () => {
    pipe?.destroy()
    if (pid != null) watched.delete(pid)
    // when all that follows from this end is done: another program may have ended in that time, and is collected next
    queueMicrotask(() => process.nextTick(lookAtAll))
    return signal
  }
}

/** Without the loop, in which processes are collected, for as long as one is on its way out. */
function lookAtAll(): void {
  const end = performance.now() + MAX_WAIT_MS
  for (let ending = true; ending && performance.now() < end; ) {
    ending = false
    for (const [pid, tell] of watched) {
      const status = waitStatusOf(pid)
      if (status === 'ending') ending = true
      if (typeof status !== 'number') continue
      watched.delete(pid)
      if ((status & SIGNAL_BITS) !== 0) tell(status & SIGNAL_BITS)
    }
    if (ending) Atomics.wait(never, 0, 0, LOOK_EVERY_MS)
  }
}
