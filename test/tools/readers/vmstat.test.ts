/** Outputs of vmstat, and of the tools `proc-vmstat` and `proc-interrupts`, as series. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { pageSize } from '../../../node/tools/readers/page-size.ts'
import { readRecorded, readText, recordedText } from './read.ts'

const test = suite('readers of vmstat, proc-vmstat and proc-interrupts')

test('vmstat: its first line has what is, and no rates, as these are means since boot', () => {
  const { values, times, bad, about } = readRecorded('vmstat')
  assert.equal(bad, [])
  assert.equal(values('run.running'), [5, 3, 3, 2])
  assert.equal(values('memory.free').slice(0, 1), [19421064 * 1024])
  assert.equal(values('cpu.user{cpu=all}'), [84, 87, 73])
  assert.equal(values('cpu.busy{cpu=all}'), [100, 100, 85])
  assert.equal(values('context.switches'), [356, 320, 754])
  assert.equal(values('page.out'), [0, 0, 124 * 1024])
  assert.equal(
    times('run.running'),
    [0, 1, 2, 3].map(i => about.began + i * 1000)
  )
})

const HEAD = ` r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st                 UTC\n`
const row = (time: string, first = 1) =>
  ` ${first}  0      2      3      4      5    6    7     8     9   10   11 12 13 70  5  0 ${time}\n`
const read = (text: string, options: string[] = []) =>
  readText('vmstat', 'vmstat-stdout.txt', text, { options: { options }, began: Date.parse('2026-12-01T01:00:00.2Z') })

test('vmstat: a header that repeats, a line that is cut off, a line that lost its time', () => {
  const text =
    HEAD + row('2026-12-01 01:00:00') + HEAD + row('2026-12-01 01:00:01', 2) + row('') + row('2026-12-01 01:0')
  const { values, bad } = read(text)
  assert.equal(values('run.running'), [1, 2])
  assert.equal(bad, [
    'vmstat-stdout.txt:5 has 17 cells; there are 17 columns and a time',
    'vmstat-stdout.txt:6 has 19 cells; there are 17 columns and a time'
  ])
})

test('vmstat -S and -y: units are those that it was asked for, and the first line is a sample', () => {
  const { values } = read(HEAD + row('2026-12-01 01:00:01'), ['-S', 'm', '-y'])
  assert.equal(values('memory.free'), [3e6])
  assert.equal(values('swap.in'), [6e6])
  // blocks are 1 KiB whatever the unit is
  assert.equal(values('page.in'), [8192])
  assert.equal(values('cpu.busy{cpu=all}'), [25])
})

test('vmstat: times of another zone, and what it prints in other modes, are not read', () => {
  assert.throws(() => read(HEAD.replace('UTC', 'CET') + row('2026-12-01 01:00:01')), /zone CET/)
  assert.throws(() => read('disk- ---reads---\n', ['-d']), /vmstat -d/)
})

test('proc-vmstat: counters are rates, pages that are are not; pages that move are in bytes', () => {
  const { values, bad, series } = readRecorded('proc-vmstat')
  const [names = [], first = [], second = []] = recordedText('proc-vmstat', 'vmstat.csv')
    .split('\n')
    .map(line => line.split(','))
  const cell = (cells: string[], name: string) => Number(cells[names.indexOf(name)])
  const seconds = (cell(second, 'time') - cell(first, 'time')) / 1000
  assert.equal(bad, [])
  assert.is(values('vmstat.nr_free_pages')[1], cell(second, 'nr_free_pages'))
  assert.is(series.get('vmstat.nr_free_pages')?.unit, 'pages')
  assert.is(
    values('page.faults', 1)[0],
    Number(((cell(second, 'pgfault') - cell(first, 'pgfault')) / seconds).toFixed(1))
  )
  const moved = readText('proc-vmstat', 'vmstat.csv', 'time,pgpgin,pswpin,nr_dirtied\n1000,5,5,5\n2000,7,8,9\n')
  assert.equal(moved.values('page.in'), [2048])
  assert.equal(moved.values('swap.in'), [3 * pageSize()])
  assert.equal(moved.values('vmstat.nr_dirtied'), [4])
})

test('proc-interrupts: of each interrupt and processor, and of all; shootdowns are function calls', () => {
  const { values, bad, names } = readRecorded('proc-interrupts')
  assert.equal(bad, [])
  // 388 in 1.0025 s
  assert.is(values('interrupt.rate{cpu=1,irq=36,kind=PCI-MSIX-0000:00:02.0 1-edge virtio1-req.0}', 1)[0], 387)
  // LOC 314, RES 1123, CAL 91
  assert.is(values('interrupts{cpu=0}', 1)[0], 1524.2)
  assert.equal(names('irq=24'), [])
})

test('proc-interrupts: one that comes first in a later sample was 0 before; a processor that is away has no points', () => {
  const { values, times } = readText(
    'proc-interrupts',
    'interrupts.csv',
    `time,irq,CPU0,CPU1,what
1000,NMI,5,5,Non-maskable
2000,NMI,7,,Non-maskable
2000,9,30,,acpi
3000,NMI,8,9,Non-maskable
3000,9,30,1,acpi
3000,ERR,2,,
4000,NMI,8,10,Non-maskable
4000,9,30,3,acpi
4000,ERR,2,,
`
  )
  assert.equal(values('interrupt.rate{cpu=0,irq=9,kind=acpi}'), [30, 0, 0])
  assert.equal(values('interrupts{cpu=0}'), [32, 1, 0])
  assert.equal(times('interrupt.rate{cpu=1,irq=NMI,kind=Non-maskable}'), [4000])
  assert.equal(values('interrupt.rate{irq=ERR,kind=}'), [0, 2, 0])
})

test('proc-interrupts: a sample that is cut off has no sum', () => {
  const { values, bad } = readText(
    'proc-interrupts',
    'interrupts.csv',
    'time,irq,CPU0,what\n1000,a,1,x\n1000,b,1,x\n2000,a,2,x\n2000,b,3,x\n3000,a,9,x\n3000,b,'
  )
  assert.equal(values('interrupts{cpu=0}'), [3])
  assert.equal(bad, ['interrupts.csv:7 ends without a line break'])
})

test.run()
