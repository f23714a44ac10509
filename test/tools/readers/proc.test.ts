/** Files of the tool `proc` as series: recorded ones, with values worked out by hand, and odd ones. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readRecorded, readText } from './read.ts'

const test = suite('readers of proc')

const recorded = readRecorded('proc')
/** Of a recording: name, values, digits after the point. */
const values: Array<[series: string, values: number[], digits: number]> = [
  // 166 ticks in user, 34 in system, of 200
  ['cpu.user{cpu=all}', [83, 86.5, 86.5, 85.71], 2],
  ['cpu.system{cpu=all}', [17, 13.5, 13.5, 14.29], 2],
  ['cpu.busy{cpu=1}', [100, 100, 100, 100], 2],
  // 125 writes, 8 ms and 760 sectors of 512 bytes in 1.0015 s
  ['disk.writes{device=vda}', [124.81, 144.84, 347.38, 338.23], 2],
  ['disk.write.bytes{device=vda}', [388537, 441882, 1021027, 993287], 0],
  ['disk.write.await{device=vda}', [0.064, 0.193, 0.098, 0.057], 3],
  ['disk.util{device=vda}', [0.399, 1.199, 2.803, 2.553], 3],
  ['disk.queue{device=vda}', [0.012, 0.042, 0.061, 0.032], 3],
  ['disk.inflight{device=vda}', [0, 0, 0, 0, 0], 0],
  // 41539 bytes in 51 packets
  ['net.rx.bytes{interface=lo}', [41477, 12644, 56182, 49228], 0],
  ['net.tx.packets{interface=lo}', [50.9, 16, 61.1, 47.9], 1],
  ['load.1', [4.99, 4.99, 4.99, 5.07, 5.07], 2],
  ['run.running', [7, 9, 13, 6, 6], 0],
  // 5852 microseconds in 1.0015 s
  ['pressure.io.some', [0.584, 1.655, 2.459, 0.892], 3]
]
for (const [name, expected, digits] of values) {
  test(`${name} of a recording`, () => assert.equal(recorded.values(name, digits), expected))
}

test('each line of a recording is read, and the time of a row is kept', () => {
  assert.equal(recorded.bad, [])
  assert.equal(
    recorded.times('load.1'),
    [1796089647971.8, 1796089648973.3, 1796089649974.4, 1796089650973.3, 1796089651286.7]
  )
  assert.equal(recorded.times('cpu.idle{cpu=0}'), recorded.times('load.1').slice(1))
})

test('memory is in bytes, and what is not available is used', () => {
  assert.is(recorded.values('memory.total')[0], 24684084 * 1024)
  assert.is(recorded.values('memory.used')[0], (24684084 - 22557840) * 1024)
  assert.is(recorded.series.get('memory.active_anon')?.unit, 'B')
  assert.is(recorded.series.get('memory.hugepages_total')?.unit, 'pages')
})

test('a disk that reads nothing has no time of a read', () => {
  assert.equal(recorded.values('disk.reads{device=vda}'), [0, 0, 0, 0])
  assert.equal(recorded.values('disk.read.await{device=vda}'), [])
})

const CPU = 'time,cpu,user,nice,system,idle,iowait,irq,softirq,steal,guest,guest_nice\n'
const cpus = (...rows: string[]) => readText('proc', 'cpu.csv', CPU + rows.map(row => `${row}\n`).join(''))

test('a processor that goes away has no points until it is back', () => {
  const { values, times, bad } = cpus(
    '1000,cpu0,0,0,0,0,0,0,0,0,0,0',
    '1000,cpu1,0,0,0,0,0,0,0,0,0,0',
    '2000,cpu0,25,0,0,75,0,0,0,0,0,0',
    '3000,cpu0,50,0,0,150,0,0,0,0,0,0',
    '4000,cpu0,75,0,0,225,0,0,0,0,0,0',
    '4000,cpu1,50,0,0,50,0,0,0,0,0,0'
  )
  assert.equal(values('cpu.user{cpu=0}'), [25, 25, 25])
  assert.equal(values('cpu.user{cpu=1}'), [50])
  assert.equal(times('cpu.user{cpu=1}'), [4000])
  assert.equal(bad, [])
})

test('counters of a processor that begin anew make no point; idle time that is corrected does', () => {
  const { values, times } = cpus(
    '1000,cpu0,500,0,0,500,20,0,0,0,0,0',
    '2000,cpu0,10,0,0,20,0,0,0,0,0,0',
    '3000,cpu0,60,0,0,70,5,0,0,0,0,0',
    '4000,cpu0,110,0,0,120,3,0,0,0,0,0'
  )
  assert.equal(times('cpu.user{cpu=0}'), [3000, 4000])
  assert.equal(values('cpu.iowait{cpu=0}'), [4.762, 0])
})

test('what guests use is no time of users', () => {
  const { values } = cpus('1000,cpu,0,0,0,0,0,0,0,0,0,0', '2000,cpu,60,20,0,20,0,0,0,0,40,5')
  assert.equal(values('cpu.user{cpu=all}'), [20])
  assert.equal(values('cpu.nice{cpu=all}'), [15])
  assert.equal(values('cpu.guest{cpu=all}'), [45])
  assert.equal(values('cpu.busy{cpu=all}'), [80])
})

test('samples that are closer than ticks are long make no point', () => {
  const { times } = cpus(
    '1000,cpu,0,0,0,0,0,0,0,0,0,0',
    '2000,cpu,50,0,0,50,0,0,0,0,0,0',
    '2009,cpu,51,0,0,50,0,0,0,0,0,0'
  )
  assert.equal(times('cpu.user{cpu=all}'), [2000])
})

const DISKS =
  'time,device,reads,reads_merged,sectors_read,read_ms,writes,writes_merged,sectors_written,write_ms,in_flight,io_ms,weighted_ms\n'

test('a disk that appears is measured from then on; times of 32 bits go on after they wrap', () => {
  const { values, times, bad } = readText(
    'proc',
    'disks.csv',
    `${DISKS}1000,sda,10,0,80,${2 ** 32 - 40},0,0,0,0,1,${2 ** 32 - 100},0
2000,sda,20,0,160,60,0,0,0,0,0,400,0
2000,sdb,5,0,40,10,0,0,0,0,0,0,0
3000,sda,30,0,240,160,0,0,0,0,0,900,0
3000,sdb,7,0,56,14,0,0,0,0,0,2,0
`
  )
  assert.equal(values('disk.read.await{device=sda}'), [10, 10])
  assert.equal(values('disk.util{device=sda}'), [50, 50])
  assert.equal(values('disk.read.bytes{device=sda}'), [40960, 40960])
  assert.equal(times('disk.reads{device=sdb}'), [3000])
  assert.equal(values('disk.read.await{device=sdb}'), [2])
  assert.equal(bad, [])
})

test('a counter of bytes of 32 bits wraps; one that was set back makes no point', () => {
  const head =
    'time,interface,rx_bytes,rx_packets,rx_errs,rx_drop,rx_fifo,rx_frame,rx_compressed,rx_multicast,tx_bytes,tx_packets,tx_errs,tx_drop,tx_fifo,tx_colls,tx_carrier,tx_compressed\n'
  const row = (at: number, rx: number, tx: number) => `${at},e,${rx},0,0,1,0,0,0,0,${tx},0,0,0,0,0,0,0\n`
  const { values, times } = readText(
    'proc',
    'network.csv',
    head + row(1000, 2 ** 32 - 500, 700) + row(2000, 500, 1) + row(3000, 1500, 3)
  )
  assert.equal(values('net.rx.bytes{interface=e}'), [1000, 1000])
  assert.equal(times('net.tx.bytes{interface=e}'), [3000])
  assert.equal(values('net.rx.drops{interface=e}'), [0, 0])
})

test('activity of all processors: switches, interrupts and forks a second, and tasks that are blocked', () => {
  const { values, bad } = readText(
    'proc',
    'activity.csv',
    'time,context_switches,interrupts,softirqs,forks,blocked\n1000,100,50,,7,2\n3000,300,150,,8,0\n'
  )
  assert.equal(bad, [])
  assert.equal(values('context.switches'), [100])
  assert.equal(values('interrupts'), [50])
  assert.equal(values('forks'), [0.5])
  assert.equal(values('run.blocked'), [2, 0])
  assert.equal(values('softirqs'), [])
})

test('lines that are no rows are named: cut off, of other columns, without a time; a repeated line of names is none', () => {
  const { values, bad } = readText(
    'proc',
    'load.csv',
    'time,load1,load5\n1000,1,2\ntime,load1,load5\n2000,3,4\n3000,5\nx,1,2\n4000,1,'
  )
  assert.equal(values('load.1'), [1, 3])
  assert.equal(bad, [
    'load.csv:5 has 2 cells; there are 3 columns',
    'load.csv:6 x is no time in ms since 1970',
    'load.csv:7 ends without a line break'
  ])
})

test('a kernel without MemAvailable has memory that is used all the same', () => {
  const { values } = readText('proc', 'memory.csv', 'time,MemTotal,MemFree,Buffers,Cached\n1000,100,20,5,15\n')
  assert.equal(values('memory.used'), [60 * 1024])
  assert.not.ok(Number.isNaN(values('memory.total')[0]))
})

test.run()
