/**
 * The files that the tool `proc` reads, and their rows: the kernel's own numbers, unchanged, after a column `time` in ms
 * since 1970. Counters start at boot. CPU times are in ticks of 1/100 s, memory in KiB, disk sectors of 512 bytes, disk times
 * in ms, pressure totals in microseconds.
 */
import { joined, linesOf, type Subject } from './subject.ts'

const CPU = 'cpu,user,nice,system,idle,iowait,irq,softirq,steal,guest,guest_nice'.split(',')
const DISK = (
  'device,reads,reads_merged,sectors_read,read_ms,writes,writes_merged,sectors_written,write_ms,in_flight,io_ms,' +
  'weighted_ms,discards,discards_merged,sectors_discarded,discard_ms,flushes,flush_ms'
).split(',')
const NETWORK = (
  'interface,rx_bytes,rx_packets,rx_errs,rx_drop,rx_fifo,rx_frame,rx_compressed,rx_multicast,' +
  'tx_bytes,tx_packets,tx_errs,tx_drop,tx_fifo,tx_colls,tx_carrier,tx_compressed'
).split(',')

/** The total, named `cpu`, and each core. */
const cpu: Subject = {
  name: 'cpu',
  source: '/proc/stat',
  columns: text => CPU.slice(0, joined(text.slice(0, text.indexOf('\n'))).split(',').length),
  rows: text =>
    linesOf(text)
      .filter(line => line.startsWith('cpu'))
      .map(joined)
}

/** By the name in /proc/stat; of interrupts and softirqs the first number is that of all. */
const ACTIVITY: Record<string, string> = {
  ctxt: 'context_switches',
  intr: 'interrupts',
  softirq: 'softirqs',
  processes: 'forks',
  procs_blocked: 'blocked'
}

/** Of all processors together. */
const activity: Subject = {
  name: 'activity',
  source: '/proc/stat',
  columns: () => Object.values(ACTIVITY),
  rows(text) {
    const numbers = new Map(linesOf(text).map(line => line.split(' ', 2) as [string, string]))
    return [
      Object.keys(ACTIVITY)
        .map(name => numbers.get(name) ?? '')
        .join(',')
    ]
  }
}

const memory: Subject = {
  name: 'memory',
  source: '/proc/meminfo',
  columns: text => linesOf(text).map(line => line.slice(0, line.indexOf(':'))),
  rows: text => [
    linesOf(text)
      .map(line => /\d+/.exec(line.slice(line.indexOf(':')))?.[0])
      .join(',')
  ]
}

const disksIn = (text: string) =>
  linesOf(text)
    .map(line => joined(line).split(',').slice(2))
    .filter(([device]) => !/^(loop|ram)\d/.test(device ?? ''))

const disks: Subject = {
  name: 'disks',
  source: '/proc/diskstats',
  columns: text => DISK.slice(0, disksIn(text)[0]?.length),
  // a newer kernel may write columns without a name here
  rows: text => disksIn(text).map(values => values.slice(0, DISK.length).join(','))
}

const network: Subject = {
  name: 'network',
  source: '/proc/net/dev',
  columns: () => NETWORK,
  rows: text =>
    linesOf(text)
      .slice(2)
      .map(line => joined(line.replace(':', ' ')))
}

const load: Subject = {
  name: 'load',
  source: '/proc/loadavg',
  columns: () => ['load1', 'load5', 'load15', 'running', 'threads', 'last_pid'],
  rows: text => [joined(text.replace('/', ' '))]
}

const pressure = (resource: string): Subject => ({
  name: `pressure-${resource}`,
  source: `/proc/pressure/${resource}`,
  optional: true,
  columns: () => ['kind', 'avg10', 'avg60', 'avg300', 'total'],
  rows: text => linesOf(text).map(line => line.replace(/ \w+=/g, ','))
})

export const subjects: Subject[] = [
  ...[cpu, activity, memory, disks, network, load],
  ...[pressure('cpu'), pressure('io'), pressure('memory')]
]
