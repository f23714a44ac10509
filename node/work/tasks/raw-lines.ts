/** The lines of `samples.csv`: each request of the clients of one member, where they are kept. Pure. */
import { csvCell } from '../../../protocols/csv.ts'
import { FLAGS, type SampleBlock, unpackColumns } from '../../../protocols/tasks/sample-block.ts'

export const RAW_COLUMNS = [
  ...['time', 'element', 'task', 'client', 'type', 'due', 'sent', 'latency', 'service', 'processing'],
  ...['weight', 'unit', 'error']
] as const
export const RAW_HEADER = RAW_COLUMNS.join()
/** Microseconds. */
const DIGITS = 3

/**
 * `time` is when a request ended, ms since 1970 by the clock of the member; all others are ms, `due` and `sent` since the begin of the element.
 * @param begin of the element, ms since 1970
 */
export function linesOf(block: SampleBlock, begin: number): string {
  const { client, flags, kind, due, sent, latency, service, processing, weight } = unpackColumns(block)
  const { element, task, samples, kinds, unit } = block
  const named = kinds.map(each => csvCell(each))
  let text = ''
  for (let i = 0; i < samples; i++) {
    const flag = flags[i] as number
    const end = (begin + (sent[i] as number) + (service[i] as number)).toFixed(DIGITS)
    const type = (flag & FLAGS.warmup) === 0 ? 'normal' : 'warmup'
    const times = [due, sent, latency, service, processing].map(each => (each[i] as number).toFixed(DIGITS)).join()
    const error = (flag & FLAGS.failed) === 0 ? '' : named[kind[i] as number]
    text += `${end},${element},${csvCell(task)},${client[i]},${type},${times},${weight[i]},${csvCell(unit)},${error}\n`
  }
  return text
}
