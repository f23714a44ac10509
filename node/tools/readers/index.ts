/** How the files of each tool are read into series: a file a tool, and its line here. */
import type { SeriesReader } from '../../series/reader.ts'
import { procInterrupts } from './interrupts.ts'
import { iostat } from './iostat.ts'
import { mpstat } from './mpstat.ts'
import { pidstat } from './pidstat.ts'
import { proc } from './proc.ts'
import { sar } from './sar.ts'
import { vmstat } from './vmstat.ts'
import { procVmstat } from './vmstat-counters.ts'

export const readers: Record<string, SeriesReader[]> = {
  proc,
  'proc-interrupts': procInterrupts,
  'proc-vmstat': procVmstat,
  vmstat,
  iostat,
  mpstat,
  pidstat,
  sar
}
