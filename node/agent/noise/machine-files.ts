/**
 * Reads small files of /proc and /sys below a root folder. Without waiting: each takes less time than a turn of the thread pool, and
 * some dozens of them less than a millisecond.
 */
import { namesIn, textIn } from '../../if-possible.ts'

export class MachineFiles {
  readonly #root: string

  /** @param root where /proc and /sys are; '' for those of this machine */
  constructor(root = '') {
    this.#root = root
  }

  /** @returns the trimmed text, or undefined if it cannot be read */
  text(path: string): string | undefined {
    return textIn(this.#root + path)?.trim()
  }

  number(path: string): number | undefined {
    const text = this.text(path)
    return text == null || text === '' || Number.isNaN(Number(text)) ? undefined : Number(text)
  }

  /** @returns the names in a folder that fit, numbers in them in numeric order; none if it cannot be read */
  list(path: string, pattern: RegExp): string[] {
    const names = namesIn(this.#root + path).filter(name => pattern.test(name))
    return names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
  }

  /** @returns numbers by name, of lines `name 12` or `name: 12 kB` */
  counters(path: string): Record<string, number> {
    const lines = (this.text(path) ?? '').split('\n').map(line => /^([^\s:]+):?\s+(\d+)/.exec(line))
    return Object.fromEntries(lines.flatMap(found => (found == null ? [] : [[found[1] as string, Number(found[2])]])))
  }
}

/** @returns how many processors a list such as `0-3,8` names */
export function countInList(text: string): number {
  const ranges = text.split(',').map(part => /^(\d+)(?:-(\d+))?$/.exec(part.trim()))
  return ranges.reduce(
    (sum, range) => sum + (range == null ? 0 : Number(range[2] ?? range[1]) - Number(range[1]) + 1),
    0
  )
}
