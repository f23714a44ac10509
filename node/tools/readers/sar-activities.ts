/** What the columns of sar's activities are, by the names that sadf prints. Pure. */
import { nameOf } from './cells.ts'
import { pageSize } from './page-size.ts'
import {
  kib,
  kibPerSecond,
  type Measure,
  type Measures,
  measure,
  percent,
  perSecond,
  plain
} from './sysstat-columns.ts'

const MIB = 1024 * 1024
const SECTOR = 512
const pages = (metric: string): Measure => ({ metric, unit: 'B/s', scale: pageSize() })
const sectors = (metric: string): Measure => ({ metric, unit: 'B/s', scale: SECTOR })
const mib = (metric: string): Measure => ({ metric, unit: 'B', scale: MIB })

interface Activity {
  /** A name of a column that only this one has. */
  by: string
  /** Of the metrics whose columns have no other name. */
  subject: string
  /** Of what its first column names. */
  label?: string
  columns?: () => Measures
  /** What other columns say, or say later. */
  without?: string[]
}

const averages = (letters: string) => letters.split(' ').flatMap(each => ['10', '60', '300'].map(s => `%${each}-${s}`))

const ACTIVITIES: Activity[] = [
  {
    ...{ by: 'cswch/s', subject: 'tasks' },
    columns: () => ({ 'proc/s': perSecond('forks'), 'cswch/s': perSecond('context.switches') })
  },
  {
    ...{ by: 'pswpin/s', subject: 'swap' },
    columns: () => ({ 'pswpin/s': pages('swap.in'), 'pswpout/s': pages('swap.out') })
  },
  {
    ...{ by: 'pgpgin/s', subject: 'page' },
    columns: () => ({
      'pgpgin/s': kibPerSecond('page.in'),
      'pgpgout/s': kibPerSecond('page.out'),
      'fault/s': perSecond('page.faults'),
      'majflt/s': perSecond('page.major.faults')
    })
  },
  {
    ...{ by: 'bread/s', subject: 'io' },
    columns: () => ({
      tps: perSecond('io.transfers'),
      rtps: perSecond('io.reads'),
      wtps: perSecond('io.writes'),
      dtps: perSecond('io.discards'),
      'bread/s': sectors('io.read.bytes'),
      'bwrtn/s': sectors('io.write.bytes'),
      'bdscd/s': sectors('io.discard.bytes')
    })
  },
  {
    ...{ by: 'kbmemfree', subject: 'memory' },
    columns: () => ({
      kbmemfree: kib('memory.free'),
      kbavail: kib('memory.available'),
      kbbuffers: kib('memory.buffers'),
      kbcached: kib('memory.cached'),
      kbcommit: kib('memory.committed_as'),
      kbactive: kib('memory.active'),
      kbinact: kib('memory.inactive'),
      kbdirty: kib('memory.dirty'),
      kbanonpg: kib('memory.anonpages'),
      kbslab: kib('memory.slab'),
      kbkstack: kib('memory.kernelstack'),
      kbpgtbl: kib('memory.pagetables'),
      kbvmused: kib('memory.vmallocused')
    })
  },
  {
    ...{ by: 'kbswpfree', subject: 'memory.swap' },
    columns: () => ({
      kbswpfree: kib('memory.swap.free'),
      kbswpused: kib('memory.swap.used'),
      kbswpcad: kib('memory.swap.cached')
    })
  },
  { by: 'kbhugfree', subject: 'memory' },
  { by: 'dentunusd', subject: 'kernel' },
  {
    ...{ by: 'runq-sz', subject: 'run' },
    columns: () => ({
      'runq-sz': measure('run.queue', 'tasks'),
      'plist-sz': measure('run.threads', 'tasks'),
      'ldavg-1': plain('load.1'),
      'ldavg-5': plain('load.5'),
      'ldavg-15': plain('load.15'),
      blocked: measure('run.blocked', 'tasks')
    })
  },
  { by: 'rcvin/s', subject: 'serial', label: 'device' },
  {
    ...{ by: 'rxpck/s', subject: 'net', label: 'interface' },
    columns: () => ({
      'rxpck/s': perSecond('net.rx.packets'),
      'txpck/s': perSecond('net.tx.packets'),
      'rxkB/s': kibPerSecond('net.rx.bytes'),
      'txkB/s': kibPerSecond('net.tx.bytes'),
      'rxcmp/s': perSecond('net.rx.compressed'),
      'txcmp/s': perSecond('net.tx.compressed'),
      'rxmcst/s': perSecond('net.rx.multicast'),
      '%ifutil': percent('net.util')
    })
  },
  {
    ...{ by: 'rxerr/s', subject: 'net', label: 'interface' },
    columns: () => ({
      'rxerr/s': perSecond('net.rx.errors'),
      'txerr/s': perSecond('net.tx.errors'),
      'coll/s': perSecond('net.tx.colls'),
      'rxdrop/s': perSecond('net.rx.drops'),
      'txdrop/s': perSecond('net.tx.drops'),
      'txcarr/s': perSecond('net.tx.carrier'),
      'rxfram/s': perSecond('net.rx.frame'),
      'rxfifo/s': perSecond('net.rx.fifo'),
      'txfifo/s': perSecond('net.tx.fifo')
    })
  },
  { by: 'retrans/s', subject: 'nfs' },
  { by: 'scall/s', subject: 'nfsd' },
  { by: 'totsck', subject: 'net.sockets' },
  { by: 'tcp6sck', subject: 'net.sockets' },
  { by: 'active/s', subject: 'net.tcp' },
  { by: 'atmptf/s', subject: 'net.tcp', columns: () => ({ 'retrans/s': perSecond('net.tcp.retransmits') }) },
  { by: 'idgm/s', subject: 'net.udp' },
  { by: 'idgm6/s', subject: 'net.udp' },
  { by: 'imsg/s', subject: 'net.icmp' },
  { by: 'ierr/s', subject: 'net.icmp' },
  { by: 'imsg6/s', subject: 'net.icmp' },
  { by: 'ierr6/s', subject: 'net.icmp' },
  { by: 'irec/s', subject: 'net.ip' },
  { by: 'ihdrerr/s', subject: 'net.ip' },
  { by: 'irec6/s', subject: 'net.ip' },
  { by: 'ihdrer6/s', subject: 'net.ip' },
  { by: 'squeezd/s', subject: 'net.softnet', label: 'cpu' },
  { by: 'MHz', subject: 'cpu', label: 'cpu', columns: () => ({ MHz: measure('cpu.frequency', 'Hz', 1e6) }) },
  {
    ...{ by: 'MBfsfree', subject: 'filesystem', label: 'device' },
    columns: () => ({
      MBfsfree: mib('filesystem.free'),
      MBfsused: mib('filesystem.used'),
      '%fsused': percent('filesystem.used_percent'),
      '%ufsused': percent('filesystem.user_used_percent'),
      Ifree: plain('filesystem.files_free'),
      Iused: plain('filesystem.files_used'),
      '%Iused': percent('filesystem.files_used_percent')
    })
  },
  {
    ...{ by: '%scpu', subject: 'pressure', without: averages('scpu fcpu') },
    columns: () => ({ '%scpu': percent('pressure.cpu.some'), '%fcpu': percent('pressure.cpu.full') })
  },
  {
    ...{ by: '%sio', subject: 'pressure', without: averages('sio fio') },
    columns: () => ({ '%sio': percent('pressure.io.some'), '%fio': percent('pressure.io.full') })
  },
  {
    ...{ by: '%smem', subject: 'pressure', without: averages('smem fmem') },
    columns: () => ({ '%smem': percent('pressure.memory.some'), '%fmem': percent('pressure.memory.full') })
  }
]

/** @returns what a column is, and the label that the first column is; `sar.*` for activities that are not known here */
export function activityOf(names: string[]): { label: string; columnOf(name: string): Measure | undefined } {
  // the more special name of two comes later: retrans/s is in two
  const found = ACTIVITIES.findLast(({ by }) => names.includes(by))
  const { subject = 'sar', label = 'device', columns, without = [] } = found ?? {}
  const known = columns?.() ?? {}
  return {
    label,
    columnOf(name) {
      if (without.includes(name)) return undefined
      return Object.hasOwn(known, name) ? known[name] : other(subject, name)
    }
  }
}

function other(subject: string, name: string): Measure {
  if (name.endsWith('/s')) return perSecond(`${subject}.${nameOf(name)}`)
  if (name.startsWith('%')) return percent(`${subject}.${nameOf(name)}_percent`)
  return name.startsWith('kb') ? kib(`${subject}.${nameOf(name.slice(2))}`) : plain(`${subject}.${nameOf(name)}`)
}
