/** The file `samples.csv` as the driver writes it. */
import { type FileHandle, open } from 'node:fs/promises'
import type { SampleBlock } from '../../../../protocols/tasks/sample-block.ts'
import { linesOf, RAW_HEADER } from '../raw-lines.ts'

export class RawSamples {
  readonly #file: FileHandle

  private constructor(file: FileHandle) {
    this.#file = file
  }

  /** @throws what the file system says */
  static async open(path: string): Promise<RawSamples> {
    const file = await open(path, 'wx', 0o644)
    await file.appendFile(`${RAW_HEADER}\n`)
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
