/** The file `samples.csv` as the driver writes it. */
import { type FileHandle, open } from 'node:fs/promises'
import type { SampleBlock } from '../../../../protocols/tasks/sample-block.ts'
import { InTurn } from '../../../in-turn.ts'
import { linesOf, RAW_HEADER } from '../raw-lines.ts'

/** Bytes of blocks that wait for the disk. */
const MAX_WAITING = 64 * 1024 * 1024

export class RawSamples {
  readonly #file: FileHandle
  readonly #most: number
  readonly #inTurn = new InTurn()
  #waiting = 0

  private constructor(file: FileHandle, most: number) {
    this.#file = file
    this.#most = most
  }

  /** @param most bytes that may wait for the disk; fewer in tests @throws what the file system says */
  static async open(path: string, most = MAX_WAITING): Promise<RawSamples> {
    const file = await open(path, 'wx', 0o644)
    await file.appendFile(`${RAW_HEADER}\n`)
    return new RawSamples(file, most)
  }

  /**
   * Blocks are written in the order of the calls, awaited or not.
   * @param begin of the element, ms since 1970
   * @throws what the file system says, or that the disk is slower than requests are measured: the block is not written then
   */
  async add(block: SampleBlock, begin: number): Promise<void> {
    const bytes = block.columns.byteLength
    if (this.#waiting + bytes > this.#most)
      throw new Error(`${Math.ceil(this.#most / 1024 / 1024)} MiB of requests wait for the disk, which is too slow`)
    this.#waiting += bytes
    try {
      await this.#inTurn.run(() => this.#file.appendFile(linesOf(block, begin)))
    } finally {
      this.#waiting -= bytes
    }
  }

  /** When all that was added is written, or has failed. */
  async settled(): Promise<void> {
    await this.#inTurn.settled()
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}
