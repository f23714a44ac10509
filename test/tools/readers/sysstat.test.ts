/** Outputs of sysstat as series: recorded ones, and odd ones. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Found, readRecorded, readText, recordedText } from './read.ts'

const test = suite('readers of sysstat')

const at = (time: string) => Date.parse(`2026-12-01T${time}Z`)

/** Of a recording: series, values. */
const recorded: Array<[name: string, series: string, values: number[]]> = [
  ['mpstat', 'cpu.user{cpu=all}', [81, 42.27, 66.83]],
  ['mpstat', 'cpu.busy{cpu=all}', [91, 50.52, 89.95]],
  ['mpstat', 'cpu.idle{cpu=1}', [5, 58.95, 11]],
  ['mpstat-json', 'cpu.system{cpu=0}', [28, 11.11, 20]],
  ['mpstat-all', 'cpu.user{node=0}', [87.5, 93.03, 83]],
  ['mpstat-all', 'interrupts', [800, 664, 743]],
  ['mpstat-all', 'interrupts{cpu=1}', [68, 72, 220]],
  ['mpstat-all', 'interrupt.rate{cpu=1,irq=36}', [2, 2, 11]],
  ['mpstat-all', 'softirq.rate{cpu=0,kind=RCU}', [11, 10, 134]],
  ['iostat', 'cpu.system{cpu=all}', [21.57, 15.42, 10]],
  ['iostat', 'disk.writes{device=vda}', [76.7, 40, 0]],
  // 0.31 and 0.15 MB of 1024 * 1024 bytes
  ['iostat', 'disk.write.bytes{device=vda}', [325058.56, 157286.4, 0]],
  // without writes there is no wait
  ['iostat', 'disk.write.await{device=vda}', [0.52, 0.12]],
  ['iostat', 'disk.write.size{device=vda}', [4.1 * 1024, 3.8 * 1024]],
  ['iostat', 'disk.util{device=vda}', [2.72, 0.8, 0]],
  ['pidstat', 'process.cpu.system{pid=17819,process=pidstat}', [0.98, 0, 0.99]],
  ['pidstat', 'process.memory.rss{pid=17819,process=pidstat}', [2916 * 1024, 3044 * 1024, 3044 * 1024]],
  ['pidstat', 'process.voluntary.switches{pid=15,process=rcu_preempt}', [114.71, 85, 76.24]],
  ['pidstat-threads', 'process.minflt{pid=17954,process=pidstat}', [3, 0.99, 0]],
  ['pidstat-threads', 'process.minflt{pid=17954,process=pidstat,thread=17954}', [0, 0.99, 0]],
  ['sar', 'cpu.user{cpu=all}', [77.39, 80.6, 73.23]],
  ['sar', 'cpu.busy{cpu=1}', [100, 100, 97.96]],
  ['sar', 'forks', [33, 55.45, 83]],
  ['sar', 'context.switches', [5981, 3958.42, 6715]],
  ['sar', 'interrupts', [2730, 1099.01, 2767]],
  ['sar', 'interrupts{cpu=0}', [1664, 723.76, 1801]],
  ['sar', 'interrupt.rate{cpu=1,irq=36}', [10, 3.96, 32]],
  ['sar', 'io.transfers', [10, 6.93, 32]],
  ['sar', 'page.in', [0, 0, 96 * 1024]],
  // 192 sectors
  ['sar', 'io.read.bytes', [0, 0, 192 * 512]],
  ['sar', 'run.queue', [6, 5, 3]],
  // 24684084 KiB, of which 23282884 are available in the first sample
  ['sar', 'memory.total', [25276502016, 25276502016, 25276502016]],
  ['sar', 'memory.used', [25276502016 - 23841673216, 25276502016 - 23735394304, 25276502016 - 23891054592]],
  ['sar', 'disk.await{device=vda}', [0.1, 1.14, 0.22]],
  ['sar', 'pressure.cpu.some', [96.04, 99, 53.04]],
  ['sar', 'net.sockets.tcpsck', [1, 1, 1]]
]
const found = new Map([...new Set(recorded.map(([name]) => name))].map(name => [name, readRecorded(name)]))
const of = (name: string) => found.get(name) as Found & { about: { began: number } }
for (const [name, series, values] of recorded) {
  test(`${series} of a recording of ${name}`, () => assert.equal(of(name).values(series, 2), values))
}

for (const [name, { bad }] of found) {
  test(`each line of a recording of ${name} is read`, () => assert.equal(bad, []))
}

test('a sample is at a multiple of the interval from the begin, in the second that is printed', () => {
  const { about, times } = of('mpstat')
  assert.equal(
    times('cpu.user{cpu=all}'),
    [1, 2, 3].map(i => about.began + i * 1000)
  )
  assert.equal(times('cpu.idle{cpu=0}'), times('cpu.user{cpu=all}'))
})

test('an interrupt that never came has no series; one that came later is 0 before', () => {
  assert.equal(of('sar').names('irq=43'), [])
  assert.equal(of('sar').values('interrupt.rate{cpu=0,irq=41}'), [0, 0, 1])
})

const MPSTAT = `Linux 6.1 (host) \t11/30/26 \t_x86_64_\t(2 CPU)

11:59:58 PM  CPU    %usr   %nice    %sys %iowait    %irq   %soft  %steal  %guest  %gnice   %idle
11:59:59 PM  all   10.00    0.00    5.00    5.00    0.00    0.00    0.00    0.00    0.00   80.00
11:59:59 PM    0   10.00    0.00    5.00    5.00    0.00    0.00    0.00    0.00    0.00   80.00
11:59:59 PM    1   10.00    0.00    5.00    5.00    0.00    0.00    0.00    0.00    0.00   80.00

11:59:59 PM  CPU    %usr   %nice    %sys %iowait    %irq   %soft  %steal  %guest  %gnice   %idle
12:00:00 AM  all   20.00    0.00    5.00    5.00    0.00    0.00    0.00    0.00    0.00   70.00
12:00:00 AM    0   20.00    0.00    5.00    5.00    0.00    0.00    0.00    0.00    0.00   70.00
12:00:00 AM    1    0.00    0.00    0.00    0.00    0.00    0.00    0.00    0.00    0.00    0.00

12:00:01 AM  all   30.00    0.00    5.00    5.00    0.00    0.00    0.00    2.00    3.00   55.00
12:00:01 AM    0   30.00    0.00    5.00    5.00    0.00    0.00    0.00    2.00    3.00   55.00

Average:     CPU    %usr   %nice    %sys %iowait    %irq   %soft  %steal  %guest  %gnice   %idle
Average:     all   20.00    0.00    5.00    5.00    0.00    0.00    0.00    0.00    0.00   70.00
`
const late = { began: Date.parse('2026-11-30T23:59:58.25Z') }

test('a clock of 12 hours, the end of a day, a processor that goes away, a header that is not repeated, averages', () => {
  const { values, times, bad } = readText('mpstat', 'mpstat-stdout.txt', MPSTAT, late)
  assert.equal(bad, [])
  assert.equal(values('cpu.user{cpu=all}'), [10, 20, 30])
  assert.equal(
    times('cpu.user{cpu=all}'),
    ['2026-11-30T23:59:59.25Z', '2026-12-01T00:00:00.25Z', '2026-12-01T00:00:01.25Z'].map(Date.parse)
  )
  assert.equal(values('cpu.guest{cpu=all}'), [0, 0, 5])
  assert.equal(values('cpu.busy{cpu=1}'), [15])
})

test('numbers with a comma, and words of another language', () => {
  const text = MPSTAT.replaceAll(/(\d)\.(\d\d)/g, '$1,$2')
    .replaceAll('Average:', 'Moyenne :')
    .replaceAll(' PM', '')
    .replaceAll('12:00:0', '00:00:0')
    .replaceAll(' AM', '')
  const { values, bad } = readText('mpstat', 'mpstat-stdout.txt', text.replaceAll('11:59:5', '23:59:5'), late)
  assert.equal(bad, [])
  assert.equal(values('cpu.user{cpu=all}'), [10, 20, 30])
})

test('a last line that is cut off is named, and so is one that lost a column', () => {
  const text = recordedText('mpstat', 'mpstat-stdout.txt')
  const cut = readText('mpstat', 'mpstat-stdout.txt', text.slice(0, text.indexOf('42.27') + 3), late)
  assert.equal(cut.values('cpu.user{cpu=all}'), [81])
  assert.equal(cut.bad, ['mpstat-stdout.txt:9 is cut off'])
  const short = readText('mpstat', 'mpstat-stdout.txt', `${text.slice(0, text.indexOf('42.27'))}\n`, late)
  assert.equal(short.bad, ['mpstat-stdout.txt:9 has 1 cells; there are 11 columns'])
})

const IOSTAT = `Linux 4.18.0 (host) \t12/01/2026 \t_x86_64_\t(2 CPU)

12/01/2026 01:00:01 PM
avg-cpu:  %user   %nice %system %iowait  %steal   %idle
          10.00    0.00    5.00    5.00    0.00   80.00

Device:         rrqm/s   wrqm/s     r/s     w/s    rkB/s    wkB/s avgrq-sz avgqu-sz   await r_await w_await  svctm  %util
sda               0.00     1.00    2.00    0.00     8.00     0.00     8.00     0.50    3.00    3.00    0.00   1.00   0.20

12/01/2026 01:00:02 PM
Device:         rrqm/s   wrqm/s     r/s     w/s    rkB/s    wkB/s avgrq-sz avgqu-sz   await r_await w_await  svctm  %util
sda               0.00     1.00    0.00    4.00     0.00    16.00     8.00     0.50    3.00    0.00    5.00   1.00   0.20
sdb               0.00     1.00    1.00    0.00     4.00     0.00     8.00     0.50    3.00    7.00    0.00   1.00   0.20
`

test('an older iostat with a date, a disk that appears, a sample without its table of processors', () => {
  const { values, times, bad, names } = readText('iostat', 'iostat-stdout.txt', IOSTAT, { began: at('13:00:00.500') })
  assert.equal(bad, [])
  assert.equal(values('cpu.busy{cpu=all}'), [15])
  assert.equal(values('disk.queue{device=sda}'), [0.5, 0.5])
  assert.equal(values('disk.read.await{device=sda}'), [3])
  assert.equal(values('disk.write.bytes{device=sda}'), [0, 16 * 1024])
  assert.equal(times('disk.util{device=sda}'), [at('13:00:01.500'), at('13:00:02.500')])
  assert.equal(times('disk.read.await{device=sdb}'), [at('13:00:02.500')])
  assert.equal(names('svctm'), [])
})

test('cells with a unit of their own, and the name of the device at the end', () => {
  const text = `
2026-12-01T13:00:01+0000
      r/s     rkB/s   rrqm/s  %rrqm r_await rareq-sz Device
    11.00     44.0k     0.00   0.0%    7.00     4.0k sda
     2.00      1.5M     0.00   0.0%    1.00   768.0k sdb
`
  const { values, bad } = readText('iostat', 'iostat-stdout.txt', text, { began: at('13:00:00') })
  assert.equal(bad, [])
  assert.equal(values('disk.read.bytes{device=sda}'), [44 * 1024])
  assert.equal(values('disk.read.bytes{device=sdb}'), [1.5 * 1024 * 1024])
  assert.equal(values('disk.read.size{device=sda}'), [4096])
})

test('JSON of iostat says the same as its table', () => {
  const { values, bad } = readRecorded('iostat-json')
  assert.equal(bad, [])
  const json = JSON.parse(recordedText('iostat-json', 'iostat-stdout.txt')).sysstat.hosts[0].statistics
  const writes = json.map((each: any) => each.disk.find((disk: any) => disk.disk_device === 'vda')['w/s'])
  assert.equal(values('disk.writes{device=vda}'), writes)
  assert.equal(
    values('cpu.user{cpu=all}'),
    json.map((each: any) => each['avg-cpu'].user)
  )
})

test('pidstat: blanks in the name of a program, what may not be seen, a line without names above', () => {
  const text = `1796088813 0 1 0.00 9.00 -1.00 x
# Time UID PID %usr %CPU kB_rd/s Command
1796088814 0 826 1.00 2.00 -1.00 Web Content  2
1796088815 0 826 3.00 4.00 8.00 Web Content  2
`
  const { values, bad, names } = readText('pidstat', 'pidstat-stdout.txt', text, { began: 1_796_088_813_000 })
  assert.equal(bad, ['pidstat-stdout.txt:1 comes before the names of the columns'])
  assert.equal(values('process.cpu{pid=826,process=Web Content  2}'), [2, 4])
  assert.equal(values('process.read.bytes{pid=826,process=Web Content  2}'), [8192])
  assert.is(names('PID').length, 0)
})

test('pidstat: of more processes than there may be, the first have series', () => {
  const rows = Array.from({ length: 1600 }, (_, pid) => `1796088814 0 ${pid} 1.00 p\n`)
  const { names, bad } = readText('pidstat', 'pidstat-stdout.txt', `# Time UID PID %CPU Command\n${rows.join('')}`)
  assert.is(names().length, 1500)
  assert.is(bad[0], 'pidstat-stdout.txt:1502 is of one process more than 1500')
})

test('sar: where its parts of memory make up no whole, what is used is not said', () => {
  const text = `# hostname;interval;timestamp;kbmemfree;kbavail;kbmemused;%memused;kbbuffers;kbcached;kbslab
host;1;1796088815;50;60;50;50.00;10;10;10
host;1;1796088816;50;60;20;20.00;10;10;10
`
  const { values } = readText('sar', 'sar.data', text, { began: 1_796_088_814_000 })
  assert.equal(values('memory.used'), [40 * 1024])
  assert.equal(values('memory.free'), [51200, 51200])
})

test('sar: where sysstat was started anew is no sample, and an activity that is not known is read all the same', () => {
  const text = `# hostname;interval;timestamp;proc/s;cswch/s
host;-1;1796088814;LINUX-RESTART\t(2 CPU)
host;1;1796088815;1.00;443.00
# hostname;interval;timestamp;TEMP;DEVICE;degC;%temp
host;1;1796088815;1;coretemp;44.00;40.00
# hostname;interval;timestamp;%scpu-10;%scpu-60;%scpu-300;%scpu
host;1;1796088815;8.30;10.61;19.59;0.22
host;1;1796088816;8.30;10.61
`
  const { values, bad, names } = readText('sar', 'sar.data', text, { began: 1_796_088_814_000 })
  assert.equal(values('context.switches'), [443])
  assert.equal(values('sar.degc{device=1}'), [44])
  assert.equal(values('pressure.cpu.some'), [0.22])
  assert.equal(names('300'), [])
  assert.equal(bad, ['sar.data:8 has 2 cells; there are 4 columns'])
})

test.run()
