/** How a result is brought to its destination: what each way gets, and what it gives back once the far side has proven that it has the bytes. */
import type { Home } from '../../store/home.ts'
import type { Whither } from '../../store/moved.ts'

export interface Parcel {
  home: Home
  run: string
  /** The folder of the result, which is as it was signed. */
  root: string
  signal: AbortSignal
  /** @param step what is done just now, such as `packing`; left out for the bytes that arrive there */
  onProgress(done: number, total: number, step?: string): void
}

/** @throws {BakError} why it is not there; the result here is then as it was */
export type Deliver = (parcel: Parcel) => Promise<Whither>
