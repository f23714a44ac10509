/** Files that the kernel writes anew each time they are read from their beginning. */
import { closeSync, openSync, readSync } from 'node:fs'

let buffer = Buffer.alloc(64 * 1024)

/** A file that is open while it is sampled. */
export class KernelFile {
  readonly #file: number

  /** @throws the error of the file system */
  constructor(path: string) {
    this.#file = openSync(path, 'r')
  }

  /** @throws the error of the file system, as when what it is about has gone */
  read(): string {
    let length = 0
    for (;;) {
      const read = readSync(this.#file, buffer, length, buffer.length - length, length)
      if (read === 0) return buffer.toString('utf8', 0, length)
      length += read
      if (length === buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2)
    }
  }

  close(): void {
    closeSync(this.#file)
  }
}

/** On some kernels a file exists and cannot be read. */
export function isReadable(path: string): boolean {
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    readSync(file, Buffer.alloc(1), 0, 1, 0)
    return true
  } catch {
    return false
  } finally {
    if (file != null) closeSync(file)
  }
}
