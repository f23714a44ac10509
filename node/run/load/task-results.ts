/**
 * One task of a sample, of all members: takes what each brings, says at any time how it goes, and at the end what it came to. Every request is kept
 * up to a million of all members together, beyond that what is in histograms; all else is as large as the task has seconds, however long it is.
 */
import * as v from 'valibot'
import { BakError } from '../../../protocols/errors.ts'
import { metricUnit } from '../../../protocols/metric.ts'
import { MAX_VALUES } from '../../../protocols/tasks/histogram-codec.ts'
import type { HistogramBlock } from '../../../protocols/tasks/load-stream.ts'
import type { SampleColumns } from '../../../protocols/tasks/sample-block.ts'
import { ThroughputCounter } from '../../../protocols/tasks/throughput.ts'
import { EXACT_SAMPLES } from '../../../protocols/tasks/workers.ts'
import { MemberTask } from './member-task.ts'
import { isBeyond, mergeRow, newRow, Rows } from './rows.ts'

/** Behind the slowest member a row is open for so long, s: threads of one member bring theirs at different times. */
const SETTLING = 10
/** Rows that are open at most, where a member brings nothing for long. */
const MAX_OPEN = 300

export interface TaskPlan {
  task: string
  element: number
  operation: string
  clients: number
  /** Clients that each member has. */
  members: Map<string, number>
  /** Of a client of the run: which target it sends to, where there is more than one. */
  targetOf?: (client: number) => number | undefined
  targets?: string[]
}

interface Named {
  /** Of errors. */
  kinds: string[]
  unit: string
}

export class TaskResults {
  readonly plan: TaskPlan
  readonly members: Map<string, MemberTask>
  readonly throughput = new ThroughputCounter()
  /** Percentiles of all members together, by row; counts are those of the members. */
  readonly rows = new Rows()
  unit = 'ops'
  /** Rows before this one are closed. */
  #closed = 0
  readonly #done = new Set<string>()

  constructor(plan: TaskPlan) {
    this.plan = plan
    this.members = new Map([...plan.members.keys()].map(member => [member, new MemberTask()]))
  }

  /** Whether every request of it is kept. */
  get isExact(): boolean {
    return [...this.members.values()].every(({ kept }) => kept != null)
  }

  /** @param last the latest end among them, ms @throws {BakError} `bad-message` for more than there is room for */
  addSamples(member: string, columns: SampleColumns, { kinds, unit }: Named, last: number): void {
    const its = this.members.get(member)
    if (its == null) return
    this.#checkCount(its, columns.flags.length)
    this.#makeRoom(last / 1000)
    its.addSamples(columns, kinds, this.throughput, this.plan.targetOf)
    this.#note(unit)
    const kept = [...this.members.values()].reduce((sum, each) => sum + (each.kept ?? 0), 0)
    if (kept > EXACT_SAMPLES) this.#keepNone()
  }

  get hasSamples(): boolean {
    return [...this.members.values()].some(({ samples, warmup }) => samples + warmup > 0)
  }

  /** @param longest ms that a request can have taken */
  addHistogram(member: string, block: HistogramBlock, longest = Number.POSITIVE_INFINITY): void {
    const its = this.members.get(member)
    if (its == null) return
    this.#checkCount(its, block.samples)
    this.#makeRoom(block.second + 1)
    its.addHistogram(block, this.throughput, longest)
    this.#keepNone()
    this.#note(block.unit)
  }

  #keepNone(): void {
    for (const each of this.members.values()) each.keepNone()
  }

  /** Of more values the histogram of the result could not be read. */
  #checkCount({ samples, warmup }: MemberTask, more: number): void {
    if (samples + warmup + more > MAX_VALUES / this.members.size)
      throw new BakError('bad-message', `${more} samples more are too many for a histogram of all members`)
  }

  /** Nobody waits for more of a member: its clients have ended, or it is lost. */
  noteDone(member: string): void {
    this.#done.add(member)
  }

  /** The latest second of which all members have told, and that is whole. */
  get settled(): number {
    const waited = [...this.members].filter(([member]) => !this.#done.has(member))
    const all = waited.length === 0 ? [...this.members] : waited
    const ends = all.map(([, { lastEnd }]) => lastEnd / 1000)
    return Math.floor((waited.length === 0 ? Math.max : Math.min)(...ends))
  }

  /** Rows are closed for which nothing more is expected. */
  #settle(): void {
    const settled = Math.floor((this.settled - SETTLING) / this.rows.every)
    this.#closeUntil(Math.max(settled, this.#length - MAX_OPEN))
  }

  /** Nothing more comes. */
  close(): void {
    this.#closeUntil(this.#length)
    // what came behind its time has sizes of its own
    for (const { rows } of this.members.values()) for (const row of [...rows.open.keys()]) rows.close(row)
  }

  #closeUntil(until: number): void {
    for (let row = this.#closed; row < until; row++) {
      const sum = newRow()
      for (const { rows } of this.members.values()) {
        const open = rows.close(row)
        if (open != null) mergeRow(sum, open)
      }
      this.rows.at(row * this.rows.every)
      // how much its median weighs where two rows become one
      this.rows.ended[row] = sum.latency.sizes.count
      this.rows.open.set(row, sum)
      this.rows.close(row)
    }
    this.#closed = Math.max(this.#closed, until)
  }

  /** Rows that all members together have. */
  get #length(): number {
    return Math.max(0, ...[...this.members.values()].map(({ rows }) => rows.ended.length))
  }

  #note(unit: string): void {
    // a module states it
    if (unit !== this.unit && v.is(metricUnit, unit)) this.unit = unit
    this.#settle()
  }

  /** A task that is longer than its rows has half as many, each twice as long. */
  #makeRoom(second: number): void {
    while (isBeyond(second, this.rows.every)) {
      this.#closeUntil(this.#length)
      for (const { rows } of this.members.values()) rows.halve()
      this.rows.halve()
      this.#closed = Math.ceil(this.#closed / 2)
    }
  }
}
