/** What no client can have measured, as far as a controller can tell: refused, since no result with it would be true. Pure. */
import { BakError } from '../../../protocols/errors.ts'
import type { HistogramBlock } from '../../../protocols/tasks/load-stream.ts'
import type { Operation } from '../../../protocols/tasks/operation.ts'
import { FLAGS, type SampleColumns } from '../../../protocols/tasks/sample-block.ts'
import type { TaskAnswer } from '../../../protocols/tasks/task-answer.ts'

/** No sample ends later than now: clocks of members are known within this, ms. */
export const MAX_AHEAD = 60_000
/** ms by which times of one request may differ that are read one after the other. */
const ROUNDING = 1
/** ms by which a clock may have drifted since it was compared. */
const DRIFT = 1_000

type Kind = Operation['type']

/**
 * @param passed ms since the element began
 * @returns the latest end, ms since then
 * @throws {BakError} `bad-message`
 */
export function checkSamples(columns: SampleColumns, unit: string, kind: Kind, passed: number): number {
  const { due, sent, latency, service, processing, weight, flags } = columns
  let [last, longest] = [0, 0]
  for (let i = 0; i < due.length; i++) {
    last = Math.max(last, (due[i] as number) + (latency[i] as number))
    longest = Math.max(longest, service[i] as number, processing[i] as number)
  }
  checkEnd(Math.max(last, longest), passed)
  for (let i = 0; i < due.length; i++) {
    const ended = (due[i] as number) + (latency[i] as number)
    const isOne = Math.abs(ended - (sent[i] as number) - (service[i] as number)) <= ROUNDING
    if (!isOne || (due[i] as number) > (sent[i] as number) + ROUNDING)
      throw new BakError('bad-message', 'a request was not sent, or had not ended, when its latency says so')
  }
  const isOdd = (each: number, i: number) => each !== (((flags[i] as number) & FLAGS.failed) === 0 ? 1 : 0)
  if (kind !== 'module' && (unit !== 'ops' || weight.some(isOdd))) throw otherWeight(kind)
  return last
}

/** @throws {BakError} `bad-message` */
export function checkHistogram(block: HistogramBlock, kind: Kind, passed: number): void {
  const { second, samples, failed, operations, unit } = block
  checkEnd(second * 1000, passed)
  if (kind !== 'module' && (unit !== 'ops' || operations !== samples - failed)) throw otherWeight(kind)
}

/**
 * @param at the agreed begin of the element, by the clock of the controller
 * @param bound ms within which the clock of the member is known
 * @returns why its clients cannot have begun when it says so; undefined if they can
 */
export function whyNotBegun(
  { task, began }: Pick<TaskAnswer, 'task' | 'began'>,
  { at, passed, bound }: { at: number; passed: number; bound: number }
): string | undefined {
  const slack = bound + DRIFT
  if (began == null || (began.first >= at - slack && began.last <= at + passed + slack && began.first <= began.last))
    return undefined
  const off = (began.first < at - slack ? began.first - at : began.last - at) / 1000
  return `it says that clients of ${task} began ${Math.abs(off).toFixed(1)} s ${off < 0 ? 'before' : 'behind'} the begin of their element`
}

function checkEnd(last: number, passed: number): void {
  if (last > passed + MAX_AHEAD)
    throw new BakError('bad-message', `a sample ended ${Math.round((last - passed) / 1000)} s from now`)
}

const otherWeight = (kind: Kind) =>
  new BakError('bad-message', `a request of an operation ${kind} stands for another number than one`)
