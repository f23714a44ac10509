/** Bytes of a page of memory on this machine, in which the kernel counts. */
import { readFileSync } from 'node:fs'
import { ifPossible } from '../../if-possible.ts'

/** In the vector that the kernel gives to each program; getauxval(3). */
const AT_PAGESZ = 6n
const USUAL = 4096

let known: number | undefined

export function pageSize(): number {
  known ??= readPageSize()
  return known
}

/** On machines of 64 bits it is pairs of numbers of 8 bytes. */
function readPageSize(): number {
  const vector = ifPossible(() => readFileSync('/proc/self/auxv'))
  if (vector == null) return USUAL
  const numbers = new BigUint64Array(vector.buffer, vector.byteOffset, vector.byteLength >> 3)
  const at = numbers.findIndex((key, i) => i % 2 === 0 && key === AT_PAGESZ)
  return Number(numbers[at + 1] ?? USUAL)
}
