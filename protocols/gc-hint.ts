/**
 * Asks V8 for minor collections during a transfer. The buffers of a transfer are garbage as soon as they were used, but V8
 * does not collect the young generation, since only the small objects in front of the buffers are in it; the buffers
 * themselves, outside of the heap, count against the limit of the old generation, so V8 marks the whole heap every few MiB.
 * That took half of the processor time of a transfer. A minor collection takes a fraction of a millisecond and frees them all.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Bytes between two collections, for each of the transfers that go on: what is on its way through several at once must not see two
 * collections, after which only the marking of the whole heap would free it.
 */
const COLLECT_EACH_BYTES = 2 * 1024 * 1024

type Collect = (options: { type: 'minor' }) => void

let passed = 0
let transfers = 0
let collect: Collect | undefined

/** A transfer of many portions begins. @returns what is called at its end */
export function beginTransfer(): () => void {
  transfers++
  return () => {
    transfers--
  }
}

/** Counts the bytes of all transfers of this process. */
export function pass(bytes: number): void {
  passed += bytes
  if (passed < COLLECT_EACH_BYTES * Math.max(1, transfers)) return
  passed = 0
  collect ??= findCollect()
  collect({ type: 'minor' })
}

/** `gc` exists only in contexts that are created after the flag was set. */
function findCollect(): Collect {
  setFlagsFromString('--expose-gc')
  const found = runInNewContext('globalThis.gc') as Collect | undefined
  setFlagsFromString('--no-expose-gc')
  return found ?? (() => {})
}
