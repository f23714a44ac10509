/** The file of the tool `proc-vmstat`: all that /proc/vmstat has, of which numbers of pages that are are gauges, and all others counters. */
import { nameOf } from './cells.ts'
import { type Column, csvFile, rowsAbout } from './csv-file.ts'
import { pageSize } from './page-size.ts'

/** Begin with `nr_`, and only grow; linux/mmzone.h. */
const COUNTERS = new Set(
  'nr_dirtied nr_written nr_vmscan_write nr_vmscan_immediate_reclaim nr_throttled_written nr_foll_pin_acquired nr_foll_pin_released'.split(
    ' '
  )
)
/** Begin with something else, and are gauges. */
const GAUGES = new Set(['workingset_nodes', 'direct_map_level2_splits', 'direct_map_level3_splits'])
/** Have KiB. */
const KIB = new Set(['nr_kernel_stack', 'nr_shadow_call_stack'])

/** pgpgin and pgpgout count KiB. */
const NAMED: Record<string, () => Column> = {
  pgpgin: () => counter('page.in', 'B/s', 1024),
  pgpgout: () => counter('page.out', 'B/s', 1024),
  pswpin: () => counter('swap.in', 'B/s', pageSize()),
  pswpout: () => counter('swap.out', 'B/s', pageSize()),
  pgfault: () => counter('page.faults', '/s'),
  pgmajfault: () => counter('page.major.faults', '/s')
}

const counter = (metric: string, unit: string, scale = 1): Column => ({ metric, unit, scale, isCounter: true })

function columnOf(name: string): Column {
  if (Object.hasOwn(NAMED, name)) return (NAMED[name] as () => Column)()
  const metric = `vmstat.${nameOf(name)}`
  if (KIB.has(name)) return { metric, unit: 'B', scale: 1024 }
  if (GAUGES.has(name)) return { metric, unit: '' }
  return name.startsWith('nr_') && !COUNTERS.has(name) ? { metric, unit: 'pages' } : counter(metric, '/s')
}

export const procVmstat = [csvFile('vmstat.csv', (names, sink) => rowsAbout({}, columnOf, names, sink))]
