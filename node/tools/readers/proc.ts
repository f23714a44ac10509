/** The files of the tool `proc`. */
import { nameOf } from './cells.ts'
import { type Column, csvFile, rowsAbout, writersOf } from './csv-file.ts'
import { disks } from './disks.ts'
import { keptIn } from './kept.ts'
import { processors } from './processors.ts'

const KIB = 1024

/** By the name in /proc/meminfo. */
const MEMORY: Record<string, string> = {
  MemTotal: 'total',
  MemFree: 'free',
  MemAvailable: 'available',
  // of a node
  MemUsed: 'used',
  SwapTotal: 'swap.total',
  SwapFree: 'swap.free',
  SwapCached: 'swap.cached'
}

/** Of each column of /proc/meminfo, which has KiB, but for numbers of huge pages. */
export function memoryColumn(name: string): Column {
  if (name.startsWith('HugePages_')) return { metric: `memory.${nameOf(name)}`, unit: 'pages' }
  const known = Object.hasOwn(MEMORY, name) ? MEMORY[name] : undefined
  return { metric: `memory.${known ?? nameOf(name)}`, unit: 'B', scale: KIB }
}

/** `memory.used` is what is not available, as `free` has it. */
const memory = csvFile('memory.csv', (columns, sink) => {
  const writers = writersOf(
    columns.map((name, i) => (i === 0 ? undefined : memoryColumn(name))),
    {},
    sink
  )
  const place = (name: string) => columns.indexOf(name)
  const used = sink.gauge('memory.used', {}, 'B')
  const swapUsed = sink.gauge('memory.swap.used', {}, 'B')
  return (at, cells) => {
    const values = cells.map(cell => (cell === '' ? Number.NaN : Number(cell)))
    for (let i = 1; i < values.length; i++) writers[i]?.(at, values[i] as number)
    const of = (name: string) => values[place(name)] ?? Number.NaN
    const available = place('MemAvailable') < 0 ? of('MemFree') + of('Buffers') + of('Cached') : of('MemAvailable')
    used(at, (of('MemTotal') - available) * KIB)
    swapUsed(at, (of('SwapTotal') - of('SwapFree')) * KIB)
  }
})

const ACTIVITY: Record<string, Column> = {
  context_switches: { metric: 'context.switches', unit: '/s', isCounter: true },
  interrupts: { metric: 'interrupts', unit: '/s', isCounter: true },
  softirqs: { metric: 'softirqs', unit: '/s', isCounter: true },
  forks: { metric: 'forks', unit: '/s', isCounter: true },
  blocked: { metric: 'run.blocked', unit: 'tasks' }
}

const activity = csvFile('activity.csv', (names, sink) => rowsAbout({}, name => ACTIVITY[name], names, sink))

const NETWORK: Record<string, string> = { errs: 'errors', drop: 'drops' }

/** `rx_bytes`, of which some drivers have 32 bits. */
function networkColumn(name: string): Column {
  const [direction = '', ...rest] = name.split('_')
  const what = rest.join('_')
  const metric = `net.${direction}.${NETWORK[what] ?? what}`
  return { metric, unit: what === 'bytes' ? 'B/s' : '/s', isCounter: true, wrap: 32 }
}

const network = csvFile('network.csv', (names, sink) =>
  rowsAbout({ interface: 'interface' }, networkColumn, names, sink)
)

const LOAD: Record<string, Column> = {
  load1: { metric: 'load.1', unit: '' },
  load5: { metric: 'load.5', unit: '' },
  load15: { metric: 'load.15', unit: '' },
  running: { metric: 'run.running', unit: 'tasks' },
  threads: { metric: 'run.threads', unit: 'tasks' }
}

const load = csvFile('load.csv', (names, sink) => rowsAbout({}, name => LOAD[name], names, sink))

/** Microseconds in a second, of a million, in percent. The averages are left out: they say the same, later. */
const pressure = (resource: string) =>
  csvFile(`pressure-${resource}.csv`, (columns, sink) => {
    const [kind, total] = [columns.indexOf('kind'), columns.indexOf('total')]
    const open = (name: string) => sink.counter(`pressure.${resource}.${nameOf(name)}`, {}, '%', { scale: 1e-4 })
    const known = new Map<string, ReturnType<typeof open>>()
    return (at, cells) => {
      const name = cells[kind] ?? ''
      const write = keptIn(known, name, () => open(name))
      write(at, Number(cells[total]))
    }
  })

export const proc = [
  ...[processors, activity, memory, disks, network, load],
  ...[pressure('cpu'), pressure('io'), pressure('memory')]
]
