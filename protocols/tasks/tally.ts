/** Counts and sums of the samples of tasks, as a member signs them: made alike where they are brought and where they are taken. Pure. */
import type { HistogramBlock } from './load-stream.ts'
import { FLAGS, type SampleBlock, type SampleColumns, unpackColumns } from './sample-block.ts'
import type { TaskAnswer } from './task-answer.ts'

export type Tally = Pick<TaskAnswer, 'samples' | 'warmup' | 'failed' | 'latency' | 'service'>

export const emptyTally = (): Tally => ({ samples: 0, warmup: 0, failed: 0, latency: 0, service: 0 })

export function addTally(to: Tally, more: Tally): void {
  to.samples += more.samples
  to.warmup += more.warmup
  to.failed += more.failed
  to.latency += more.latency
  to.service += more.service
}

/** Adds to what is known of a key. */
export function addTallyTo(tallies: Map<string, Tally>, key: string, more: Tally): void {
  const sum = tallies.get(key) ?? emptyTally()
  addTally(sum, more)
  tallies.set(key, sum)
}

/** @returns microseconds; each time is rounded by itself, so that the order in which sums are made changes nothing */
const microseconds = (ms: number) => Math.round(ms * 1000)

export function tallyColumns({ flags, latency, service }: Pick<SampleColumns, 'flags' | 'latency' | 'service'>): Tally {
  const tally = emptyTally()
  for (let i = 0; i < flags.length; i++) {
    const flag = flags[i] as number
    if ((flag & FLAGS.warmup) !== 0) {
      tally.warmup++
      continue
    }
    tally.samples++
    if ((flag & FLAGS.failed) !== 0) tally.failed++
    tally.latency += microseconds(latency[i] as number)
    tally.service += microseconds(service[i] as number)
  }
  return tally
}

/** @throws {BakError} `bad-message` as `unpackColumns` does */
export const tallySamples = (block: Pick<SampleBlock, 'samples' | 'columns' | 'kinds'>): Tally =>
  tallyColumns(unpackColumns(block))

export function tallyHistograms({ warmup, samples, failed, sums }: HistogramBlock): Tally {
  return warmup ? { ...emptyTally(), warmup: samples } : { samples, warmup: 0, failed, ...sums }
}
