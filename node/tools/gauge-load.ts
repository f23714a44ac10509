/**
 * The fixed load of the tool `gauge`, in a thread of its own, so that the daemon goes on while it is timed. All of it is native code,
 * which does the same from the first call on: what V8 compiles gets faster while it is measured.
 */
import { Worker } from 'node:worker_threads'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { type GaugeReading, median } from '../../protocols/gauge.ts'
import { onAbort } from '../wait.ts'

/** Pieces of each kind, so that the median leaves out what interrupts fewer than half of them; about 100, 50 and 10 ms on a machine of 2024. */
const LOAD = {
  integer: { pieces: 20, iterations: 13_000 },
  memory: { pieces: 32, bytes: 16 * 1024 * 1024 },
  /** On a slow disk no further piece begins after `most` ms. */
  disk: { pieces: 16, bytes: 4096, most: 60 }
}

/** Runs in a thread: nothing of this module is there but `workerData`. */
const SCRIPT = `
const { parentPort, workerData: { load: { integer, memory, disk }, file } } = require('node:worker_threads')
const { pbkdf2Sync } = require('node:crypto')
const { openSync, readSync, writeSync, fdatasyncSync, closeSync } = require('node:fs')
// ms for which this thread has waited for a processor; none where the kernel does not say
const delays = (() => {
  try {
    return openSync('/proc/thread-self/schedstat', 'r')
  } catch {
    return undefined
  }
})()
const text = Buffer.alloc(128)
const delay = () =>
  delays == null ? 0 : Number(text.toString('latin1', 0, readSync(delays, text, 0, text.length, 0)).split(' ')[1]) / 1e6
let held = 0
const time = act => {
  const waited = delay()
  const began = performance.now()
  act()
  const wall = performance.now() - began
  const late = delay() - waited
  held += late
  return Math.max(0, wall - late)
}
const repeat = (pieces, act) => Array.from({ length: pieces }, (_, i) => time(() => act(i)))
const buffer = Buffer.alloc(2 * memory.bytes, 1)
const hash = () => pbkdf2Sync('bak', 'gauge', integer.iterations, 32, 'sha512')
const copy = () => buffer.copy(buffer, memory.bytes, 0, memory.bytes)
hash()
copy()
const began = performance.now()
held = 0
const integers = repeat(integer.pieces, hash)
const copies = repeat(memory.pieces, copy)
const wall = performance.now() - began
const waited = held
const block = Buffer.alloc(disk.bytes, 7)
const to = openSync(file, 'w', 0o600)
const syncs = []
const end = performance.now() + disk.most
for (let i = 0; i < disk.pieces && performance.now() < end; i++) {
  syncs.push(time(() => {
    writeSync(to, block, 0, disk.bytes, i * disk.bytes)
    fdatasyncSync(to)
  }))
}
closeSync(to)
parentPort.postMessage({ integers, copies, syncs, wall, waited })
`

interface Measured {
  /** ms of each piece, without what it waited for a processor that other programs had. */
  integers: number[]
  copies: number[]
  syncs: number[]
  /** ms of the pieces that wait for nothing but a processor, and how much of that they waited. */
  wall: number
  waited: number
}

export interface LoadTimes extends Measured {
  reading: GaugeReading
  /** ms with starting the thread. */
  took: number
}

/**
 * @param file is written, and stays
 * @throws {BakError} `io` if the disk cannot be written, the reason of the signal if that aborts first: the thread is gone then, too
 */
export async function runLoad(file: string, signal: AbortSignal): Promise<LoadTimes> {
  signal.throwIfAborted()
  const began = performance.now()
  const worker = new Worker(SCRIPT, { eval: true, workerData: { load: LOAD, file }, env: {} })
  const over = Promise.withResolvers<Measured>()
  worker.once('message', over.resolve)
  worker.once('error', (cause: Error) =>
    over.reject(new BakError('io', `the load failed: ${cause.message}`, { cause }))
  )
  worker.once('exit', () => over.reject(new BakError('io', 'the load ended before it said how long it took')))
  const stop = onAbort(signal, () => over.reject(asBakError(signal.reason)))
  try {
    const measured = await over.promise
    return { ...measured, ...summaryOf(measured), took: performance.now() - began }
  } finally {
    stop()
    await worker.terminate()
  }
}

/** Pure. */
export const summaryOf = ({ integers, copies, syncs, wall, waited }: Measured): Pick<LoadTimes, 'reading'> => ({
  reading: {
    ...{ integer: median(integers), memory: median(copies), disk: median(syncs) },
    held: Math.min(1, Math.max(0, waited / Math.max(wall, 0.001)))
  }
})
