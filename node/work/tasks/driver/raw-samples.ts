/** `samples.csv`: a line for each request, where they are kept. */
import { type FileHandle, open } from 'node:fs/promises'
import { csvCell } from '../../../../protocols/csv.ts'
import { FLAGS, type SampleBlock, unpackColumns } from '../../../../protocols/tasks/sample-block.ts'

export const HEADER = 'time,element,task,client,type,due,sent,latency,service,processing,weight,unit,error\n'
const digits = 3

export class RawSamples {
  readonly #file: FileHandle

  private constructor(file: FileHandle) {
    this.#file = file
  }

  /** @throws what the file system says */
  static async open(path: string): Promise<RawSamples> {
    const file = await open(path, 'wx', 0o644)
    await file.appendFile(HEADER)
    return new RawSamples(file)
  }

  /**
   * Not to be called again before it has ended.
   * @param begin of the element, ms since 1970
   */
  async add(block: SampleBlock, begin: number): Promise<void> {
    await this.#file.appendFile(linesOf(block, begin))
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

/** Pure. `time` is when a request ended, ms since 1970; all others are ms, `due` and `sent` since the begin of the element. */
export function linesOf(block: SampleBlock, begin: number): string {
  const { client, flags, kind, due, sent, latency, service, processing, weight } = unpackColumns(block)
  const { element, task, samples, kinds, unit } = block
  const head = `,${element},${csvCell(task)},`
  const named = kinds.map(each => csvCell(each))
  let text = ''
  for (let i = 0; i < samples; i++) {
    const flag = flags[i] as number
    const end = begin + (sent[i] as number) + (service[i] as number)
    const times = [due, sent, latency, service, processing].map(each => (each[i] as number).toFixed(digits)).join()
    const error = (flag & FLAGS.failed) === 0 ? '' : named[kind[i] as number]
    text += `${end.toFixed(digits)}${head}${client[i]},${(flag & FLAGS.warmup) === 0 ? 'normal' : 'warmup'},${times},${weight[i]},${unit},${error}\n`
  }
  return text
}
