/** Writes the files and folders of an archive, as they come, into an empty folder without other writers. */
import { mkdir, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ReadEntry } from 'tar'
import { bytesIn, dataOf } from '../holes.ts'
import { isCode, writeAll } from './disk.ts'

interface EntryWriterInit {
  folder: string
  /** Counts bytes that are written. @throws if they are too many */
  onData(bytes: number): void
}

export class EntryWriter {
  readonly #init: EntryWriterInit
  readonly #made = new Set<string>()

  constructor(init: EntryWriterInit) {
    this.#init = init
  }

  /** @param entry has passed `EntryCheck`. @returns false if its name is taken: on a file system that ignores case two names may be one */
  async write(entry: ReadEntry): Promise<boolean> {
    const target = join(this.#init.folder, entry.path)
    if (entry.type === 'Directory') {
      await this.#ensure(target)
      return true
    }
    await this.#ensure(dirname(target))
    try {
      await this.#writeFile(target, entry)
      return true
    } catch (cause) {
      if (isCode(cause, 'EEXIST')) return false
      throw cause
    }
  }

  async #ensure(folder: string): Promise<void> {
    if (this.#made.has(folder)) return
    await mkdir(folder, { recursive: true, mode: 0o755 })
    this.#made.add(folder)
  }

  /** Blocks of zeros become holes, so that a sparse file stays sparse. */
  async #writeFile(path: string, entry: ReadEntry): Promise<void> {
    const handle = await open(path, 'wx', entry.mode)
    try {
      let offset = 0
      for await (const chunk of entry as AsyncIterable<Buffer>) {
        const runs = dataOf(chunk, offset)
        this.#init.onData(bytesIn(runs))
        for (const [from, to] of runs) await writeAll(handle, chunk.subarray(from, to), offset + from)
        offset += chunk.length
      }
      await handle.truncate(offset)
      if (entry.mtime != null) await handle.utimes(new Date(), entry.mtime)
    } finally {
      await handle.close()
    }
  }
}
