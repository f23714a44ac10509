/**
 * Tells a program that a real-time signal ended from one that ended with status 0: Node reports both as status 0, since it knows no
 * names of the signals 34 to 64. The kernel keeps the whole wait status of an ended process in /proc until its parent has collected it.
 * A descriptor that the program inherits shows when it ends: its close is an event of the loop before the one in which Node collects
 * the process.
 *
 * What a child of the program still holds, or the program closed itself, shows nothing: then Node's word stands.
 */
import type { Readable } from 'node:stream'
import { waitStatusOf } from './process-group.ts'

/** Above the descriptors that scripts open by number and those that shells keep for themselves, and within any limit. */
const DESCRIPTOR = 19
/** A process is collectable within microseconds after its descriptors are closed; on a busy machine it may lose the processor between. */
const MAX_WAIT_MS = 50
const LOOK_EVERY_MS = 0.2
/** The bits of a wait status that are the signal; wait(2). */
const SIGNAL_BITS = 0x7f

const never = new Int32Array(new SharedArrayBuffer(4))

/** @returns the descriptors that a program gets beside its standard ones */
export const witnessStdio = (): Array<'ignore' | 'pipe'> => [
  ...Array.from({ length: DESCRIPTOR - 3 }, () => 'ignore' as const),
  'pipe'
]

/** @returns the number of the signal that ended the program, once it has ended and as far as that is known */
export function watchSignal(child: { pid?: number; stdio: ReadonlyArray<unknown> }): () => number | undefined {
  const pipe = child.stdio[DESCRIPTOR] as (Readable & { unref?(): void }) | undefined
  let signal: number | undefined
  pipe?.on('error', () => {})
  pipe?.once('end', () => {
    signal = child.pid == null ? undefined : signalOf(child.pid)
  })
  pipe?.unref?.()
  pipe?.resume()
  return () => {
    pipe?.destroy()
    return signal
  }
}

/** Waits without the loop, in which the process would be collected. */
function signalOf(pid: number): number | undefined {
  for (const end = performance.now() + MAX_WAIT_MS; performance.now() < end; Atomics.wait(never, 0, 0, LOOK_EVERY_MS)) {
    const status = waitStatusOf(pid)
    if (status === 'running') return undefined
    if (status !== 'ending') return status & SIGNAL_BITS || undefined
  }
  return undefined
}
