/** What one member measured of one task: counts, sums and sizes, each request as long as all are kept, and rows by the second. */
import { cleanLine } from '../../../protocols/clean-line.ts'
import { BakError } from '../../../protocols/errors.ts'
import type { LogHistogram } from '../../../protocols/tasks/histogram.ts'
import { decodeHistogram } from '../../../protocols/tasks/histogram-codec.ts'
import type { HistogramBlock } from '../../../protocols/tasks/load-stream.ts'
import {
  FLAGS,
  MAX_ERROR_KINDS,
  MAX_KIND_LENGTH,
  OTHER_KIND,
  type SampleColumns
} from '../../../protocols/tasks/sample-block.ts'
import { TIMES, type Time } from '../../../protocols/tasks/tasks-file.ts'
import type { ThroughputCounter } from '../../../protocols/tasks/throughput.ts'
import { Rows } from './rows.ts'
import { Sizes } from './sizes.ts'

export class MemberTask {
  samples = 0
  warmup = 0
  failed = 0
  /** The latest end, ms since the begin of the element. */
  lastEnd = 0
  /** When the first normal request was due, ms since then; of histograms to a second. */
  firstDue = Number.POSITIVE_INFINITY
  /** Of normal samples. */
  readonly times: Record<Time, Sizes> = {
    latency: new Sizes({ keep: true }),
    service: new Sizes({ keep: true }),
    processing: new Sizes({ keep: true })
  }
  readonly rows = new Rows()
  readonly errors = new Map<string, number>()
  /** By the index of the target. */
  readonly targets = new Map<number, { samples: number; failed: number }>()

  /** Each normal sample that is kept; undefined once not all are. */
  get kept(): number | undefined {
    return this.times.latency.exact?.length
  }

  /** Percentiles of some and buckets of others do not mix. */
  keepNone(): void {
    for (const time of TIMES) this.times[time].exact = undefined
  }

  /**
   * @param targetOf the target of a physical client; left out where there is one only
   * @param throughput of the task
   */
  addSamples(
    columns: SampleColumns,
    kinds: string[],
    throughput: ThroughputCounter,
    targetOf?: (client: number) => number | undefined
  ): void {
    const { flags, kind, due, latency, service, processing, weight, client } = columns
    const { rows } = this
    for (let i = 0; i < flags.length; i++) {
      const [flag, took, served] = [flags[i] as number, latency[i] as number, service[i] as number]
      const isFailed = (flag & FLAGS.failed) !== 0
      const isWarmup = (flag & FLAGS.warmup) !== 0
      const ended = (due[i] as number) + took
      if (ended > this.lastEnd) this.lastEnd = ended
      const operations = isFailed ? 0 : (weight[i] as number)
      const row = rows.at(ended / 1000)
      rows.ended[row] = (rows.ended[row] as number) + 1
      rows.operations[row] = (rows.operations[row] as number) + operations
      const open = rows.sizesOf(row)
      open?.latency.note(took)
      open?.service.note(served)
      throughput.add(ended / 1000, operations, isWarmup)
      if (isFailed) rows.failed[row] = (rows.failed[row] as number) + 1
      if (isWarmup) {
        this.warmup++
        rows.noteWarmup(row)
        continue
      }
      this.samples++
      this.firstDue = Math.min(this.firstDue, due[i] as number)
      this.times.latency.note(took)
      this.times.service.note(served)
      this.times.processing.note(processing[i] as number)
      if (targetOf != null) this.#countTarget(targetOf(client[i] as number), isFailed)
      if (!isFailed) continue
      this.failed++
      this.#countError(kinds[kind[i] as number] ?? OTHER_KIND, 1)
    }
  }

  /**
   * @param longest ms that a request can have taken
   * @throws {BakError} `bad-message` for histograms that are not of as many samples as they say, or of longer ones, and for more errors than failed
   */
  addHistogram(block: HistogramBlock, throughput: ThroughputCounter, longest: number): void {
    const { second, samples, failed, warmup, operations, errors } = block
    const [latency, service, processing] = TIMES.map(time => decodeHistogram(block[time])) as [
      LogHistogram,
      LogHistogram,
      LogHistogram
    ]
    if (failed > samples || [latency, service, processing].some(({ count }) => count !== samples))
      throw new BakError('bad-message', `histograms of ${samples} samples have another number of values`)
    // sums of what a member says may be more than any file can
    if (errors.reduce((sum, { count }) => sum + count, 0) > failed)
      throw new BakError('bad-message', `there are more errors than the ${failed} samples that failed`)
    if ([latency, service, processing].some(({ range }) => (range?.max ?? 0) > longest * 1000))
      throw new BakError('bad-message', 'a histogram has times that are longer than its task')
    // otherwise no result with these could be verified
    if (!latency.canSumTo(block.sums.latency) || !service.canSumTo(block.sums.service))
      throw new BakError('bad-message', `sums of ${samples} samples are not those of their histograms`)
    if (operations > Number.MAX_SAFE_INTEGER)
      throw new BakError('bad-message', `${samples} samples stand for too many operations`)
    const { rows } = this
    const row = rows.at(second)
    rows.ended[row] = (rows.ended[row] as number) + samples
    rows.operations[row] = (rows.operations[row] as number) + operations
    rows.failed[row] = (rows.failed[row] as number) + failed
    const open = rows.sizesOf(row)
    open?.latency.add(latency)
    open?.service.add(service)
    this.lastEnd = Math.max(this.lastEnd, (second + 1) * 1000)
    throughput.addSecond(second, operations, warmup)
    if (warmup) {
      this.warmup += samples
      rows.noteWarmup(row)
      return
    }
    this.samples += samples
    this.firstDue = Math.min(this.firstDue, second * 1000)
    this.failed += failed
    this.times.latency.add(latency, block.sums.latency)
    this.times.service.add(service, block.sums.service)
    this.times.processing.add(processing)
    for (const { kind, count } of errors) this.#countError(kind, count)
  }

  #countError(kind: string, count: number): void {
    const shown = cleanLine(kind.slice(0, MAX_KIND_LENGTH))
    const known = this.errors.has(shown) || this.errors.size < MAX_ERROR_KINDS - 1 ? shown : OTHER_KIND
    this.errors.set(known, (this.errors.get(known) ?? 0) + count)
  }

  #countTarget(target: number | undefined, isFailed: boolean): void {
    if (target == null) return
    const known = this.targets.get(target) ?? { samples: 0, failed: 0 }
    known.samples++
    if (isFailed) known.failed++
    this.targets.set(target, known)
  }
}
