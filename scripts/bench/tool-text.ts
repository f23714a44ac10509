/** What tools print on a large machine, written by the second into files of a given size: the same each time. */
import { appendFileSync, writeFileSync } from 'node:fs'
import { randomFrom } from '../../protocols/random.ts'

const BEGAN = 1_795_383_015
const MIB = 2 ** 20

/** One second of a tool, with the lines that come before the first one. */
interface ToolText {
  tool: string
  /** In the folder of the tool. */
  file: string
  head?: string
  lines(second: number, random: () => number): string[]
}

const count = (size: number) => Array.from({ length: size }, (_, i) => i)
const PROCESSORS = count(32)
const DISKS = count(12).map(i => `nvme${i}n1`)
const INTERRUPTS = count(60).map(i => String(24 + i))
const PROCESSES = count(150).map(i => ({ id: 1000 + 7 * i, name: `worker-${i % 20}` }))
const two = (value: number, width: number) => value.toFixed(2).padStart(width)
const clockOf = (second: number) => new Date((BEGAN + second) * 1000).toISOString().slice(0, 19)

const DISK_COLUMNS =
  'r/s rMB/s rrqm/s %rrqm r_await rareq-sz w/s wMB/s wrqm/s %wrqm w_await wareq-sz d/s dMB/s drqm/s %drqm d_await dareq-sz f/s f_await aqu-sz %util'.split(
    ' '
  )
const PROCESS_HEAD =
  '# Time        UID       PID    %usr %system  %guest   %wait    %CPU   CPU  minflt/s  majflt/s     VSZ     RSS   %MEM   kB_rd/s   kB_wr/s kB_ccwr/s iodelay  Command'

export const TOOL_TEXTS: ToolText[] = [
  {
    ...{ tool: 'proc', file: 'cpu.csv' },
    head: 'time,cpu,user,nice,system,idle,iowait,irq,softirq,steal,guest,guest_nice\n',
    lines: (second, random) =>
      ['', ...PROCESSORS].map(cpu => {
        const ticks = count(10).map(i => second * (i === 3 ? 60 : 5) + Math.floor(random() * 5))
        return `${(BEGAN + second) * 1000 + 0.4},cpu${cpu},${ticks.join(',')}`
      })
  },
  {
    ...{ tool: 'proc-interrupts', file: 'interrupts.csv' },
    head: `time,irq,${PROCESSORS.map(cpu => `CPU${cpu}`).join(',')},what\n`,
    lines: (second, random) =>
      INTERRUPTS.map((irq, i) => {
        // most of them come on one processor
        const counts = PROCESSORS.map(cpu => (cpu === i % 32 || i < 4 ? second * 900 + Math.floor(random() * 90) : 0))
        return `${(BEGAN + second) * 1000 + 0.4},${irq},${counts.join(',')},PCI-MSIX nvme${i}q1`
      })
  },
  {
    ...{ tool: 'iostat', file: 'iostat-stdout.txt' },
    head: 'Linux 6.18.44 (host) \t2026-11-22 \t_x86_64_\t(32 CPU)\n',
    lines: (second, random) => [
      ...['', '', `${clockOf(second)}+0000`, 'avg-cpu:  %user   %nice %system %iowait  %steal   %idle'],
      `         ${count(6)
        .map(() => two(random() * 40, 8))
        .join('')}`,
      ...['', `Device    ${DISK_COLUMNS.map(name => name.padStart(9)).join('')}`],
      ...DISKS.map(disk => `${disk.padEnd(10)}${DISK_COLUMNS.map(() => two(random() * 900, 9)).join('')}`)
    ]
  },
  {
    ...{ tool: 'pidstat', file: 'pidstat-stdout.txt' },
    head: 'Linux 6.18.44 (host) \t2026-11-22 \t_x86_64_\t(32 CPU)\n',
    lines: (second, random) => [
      ...['', PROCESS_HEAD],
      ...PROCESSES.map(({ id, name }) => {
        const shares = count(5)
          .map(() => two(random() * 20, 8))
          .join('')
        const memory = `${two(random() * 900, 10)}${two(0, 10)} ${2_000_000 + id} ${90_000 + id} ${two(0.5, 6)}`
        const bytes = count(3)
          .map(() => two(random() * 4000, 10))
          .join('')
        return `${BEGAN + second}      0${String(id).padStart(10)}${shares}${String(id % 32).padStart(6)}${memory}${bytes}       0  ${name}`
      })
    ]
  }
]

/** Writes so much of one. @returns its seconds */
export function writeToolText({ head = '', lines }: ToolText, path: string, mib: number): number {
  const random = randomFrom(1)
  writeFileSync(path, head)
  let second = 0
  for (let bytes = head.length; bytes < mib * MIB; ) {
    let portion = ''
    while (portion.length < MIB) portion += `${lines(second++, random).join('\n')}\n`
    appendFileSync(path, portion)
    bytes += portion.length
  }
  return second
}
