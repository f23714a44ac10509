/**
 * Writes `metrics.ndjson` of one instance, in its folder of the result: a line of JSON for each sample and each edge of a period. The program may
 * write to the same folder: the file is reached by the folder as it was before the program started, and no link is followed.
 */

import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { asBakError, BakError } from '../../../protocols/errors.ts'
import { METRICS_FILE } from '../../../protocols/layout.ts'
import type { Metric } from '../../../protocols/metric.ts'
import { InTurn } from '../../in-turn.ts'

/** Of one file. */
const MAX_BYTES = 64 * 1024 * 1024

/** A line of the file. */
export type Marked = { at: number } & (
  | ({ type: 'sample' } & Omit<Metric, 'samples'>)
  | { type: 'period'; name: string; edge: 'begin' | 'end' }
)

export class MetricsWriter {
  readonly #folder: FileHandle
  #file: FileHandle | undefined
  #bytes = 0
  readonly #turn = new InTurn()

  private constructor(folder: FileHandle) {
    this.#folder = folder
  }

  /** @param folder that exists */
  static async open(folder: string): Promise<MetricsWriter> {
    return new MetricsWriter(await open(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW))
  }

  /** Adds a line; it is in the file when this resolves. @throws {BakError} `busy` if the file is full, `not-allowed` if it is no file of bak's, `io`, `no-space` */
  append(metric: Marked): Promise<void> {
    const line = `${JSON.stringify({ ...metric, at: Math.round(metric.at * 1000) / 1000 })}\n`
    if (this.#bytes + line.length > MAX_BYTES) {
      return Promise.reject(new BakError('busy', `${METRICS_FILE} has ${MAX_BYTES} bytes: no more is kept`))
    }
    this.#bytes += line.length
    return this.#turn.run(() => this.#write(line))
  }

  async close(): Promise<void> {
    await this.#turn.settled()
    await this.#file?.close()
    await this.#folder.close()
  }

  async #write(line: string): Promise<void> {
    try {
      this.#file ??= await this.#openFile()
      await this.#file.appendFile(line)
    } catch (cause) {
      throw asBakError(cause)
    }
  }

  /** By the open folder, whatever has its name by now. */
  async #openFile(): Promise<FileHandle> {
    const path = join('/proc/self/fd', `${this.#folder.fd}`, METRICS_FILE)
    const flags =
      constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK
    const file = await open(path, flags, 0o644).catch(cause => {
      const code = (cause as NodeJS.ErrnoException).code
      throw code === 'ELOOP' || code === 'ENXIO' ? notOurs() : cause
    })
    const stat = await file.stat()
    if (stat.isFile() && stat.nlink === 1) return file
    await file.close()
    throw notOurs()
  }
}

const notOurs = () =>
  new BakError('not-allowed', `${METRICS_FILE} in BAK_OUT is a link or no file: bak writes it itself`)
