/**
 * What passes through a transfer is dead as soon as it has passed, but V8 does not look: its young generation fills with small
 * objects only, while the buffers behind them, which lie outside of its heap, count against the limit of the old one. So
 * it marks all that lives, again and again, every few MiB: half of the processor time of a transfer. A look at the
 * young generation by itself takes part of a millisecond, and frees them all.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** How much may pass from one look to the next, bytes. */
const EACH = 2 * 1024 * 1024

type Collect = (options: { type: 'minor' }) => void

let passed = 0
let collect: Collect | undefined

/** To be told of all bytes that pass, in each process. */
export function pass(bytes: number): void {
  passed += bytes
  if (passed < EACH) return
  passed = 0
  collect ??= findCollect()
  collect({ type: 'minor' })
}

/** The name is only known in contexts that are made after the flag was set. */
function findCollect(): Collect {
  setFlagsFromString('--expose-gc')
  const found = runInNewContext('globalThis.gc') as Collect | undefined
  setFlagsFromString('--no-expose-gc')
  return found ?? (() => {})
}
