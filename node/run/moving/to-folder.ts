/** A result goes to a folder of this machine, where it is verified as `bak verify` does. */
import { keepResult } from '../../store/kept-results.ts'
import type { Deliver } from './deliver.ts'

/** @param folder in which results are kept @param self this peer */
export const toFolder =
  (folder: string, self: string): Deliver =>
  async parcel => ({ folder: await keepResult(folder, { ...parcel, self }) })
