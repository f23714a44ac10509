/** Many series of one thing of which most stay at 0, as interrupts of a processor: those have no points. */
import type { Put } from '../../series/reader.ts'

/** The instants of the samples of a file, for all series of it. */
export class Instants {
  readonly list: number[] = []

  note(at: number): void {
    if (this.list.at(-1) !== at) this.list.push(at)
  }
}

/**
 * @param instants of which `note` is told each before its values are written
 * @param from the first of them at which these series could have a point
 * @param open makes a series when it is needed: at its first value that is not 0, with the zeros before
 * @returns writes one value
 */
export function sparse(
  instants: Instants,
  from: number,
  open: (i: number) => Put
): (i: number, at: number, value: number) => void {
  const puts: Put[] = []
  /** Where a value was none, the zeros before it are not known. */
  const starts: number[] = []
  return (i, at, value) => {
    let put = puts[i]
    if (put == null) {
      if (!Number.isFinite(value)) starts[i] = instants.list.length
      if (value === 0 || !Number.isFinite(value)) return
      put = open(i)
      puts[i] = put
      const { list } = instants
      for (let k = starts[i] ?? from; k < list.length && (list[k] as number) < at; k++) put(list[k] as number, 0)
    }
    put(at, value)
  }
}
