/** Files of the tools `disk`, `cgroup`, `numastat`, `sched`, `sysfs` and `gauge` as series. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readRecorded, readText } from './read.ts'

const test = suite('readers of files of the kernel')

test('disk: room of each file system; of two that are mounted at one place the first', () => {
  const { values, bad } = readRecorded('disk')
  assert.equal(bad, [])
  assert.equal(values('filesystem.used{mount=/}').slice(0, 2), [27171024896, 27171028992])
  const twice = readText(
    'disk',
    'disk.csv',
    'time,mount,type,source,size,used,available,files,files_free\n1000,"/a,b",ext4,/dev/a,5,1,4,9,8\n1000,"/a,b",ext4,/dev/b,6,1,4,9,8\n'
  )
  assert.equal(twice.values('filesystem.size{mount=/a,b}'), [5])
  assert.equal(twice.bad, [])
})

test('cgroup: time of processors and pressure in percent, of the machine as it was recorded', () => {
  const { values, bad, names } = readRecorded('cgroup')
  assert.equal(bad, [])
  // 8000 microseconds in about a second, of which 4000 in user
  assert.is(values('cgroup.cpu{cgroup=/}', 1)[0], 0.8)
  assert.is(values('cgroup.cpu.user{cgroup=/}', 1)[0], 0.4)
  assert.is(values('cgroup.pressure.cpu.some{cgroup=/}', 1)[0], 0.3)
  assert.equal(names('avg10'), [])
})

test('cgroup: files of its controllers', () => {
  const rows = (at: number, ...of: string[]) => of.map(row => `${at},g,${row}\n`).join('')
  const files = (n: number) => [
    `memory.current,current,${n * 4096}`,
    `memory.swap.current,current,0`,
    `memory.stat,anon,${n}`,
    `memory.stat,pgfault,${n * 10}`,
    `memory.stat,workingset_nodes,3`,
    `memory.events,oom_kill,${n}`,
    `cpu.stat,nr_throttled,${n * 2}`,
    `cpu.stat,throttled_usec,${n * 500_000}`,
    `io.stat,254:0.rbytes,${n * 512}`,
    `io.stat,254:0.wios,${n * 3}`,
    `pids.current,current,${n}`
  ]
  const { values, bad } = readText(
    'cgroup',
    'cgroup.csv',
    `time,group,file,key,value\n${rows(1000, ...files(1))}${rows(2000, ...files(2))}`
  )
  assert.equal(bad, [])
  assert.equal(values('cgroup.memory.current{cgroup=g}'), [4096, 8192])
  assert.equal(values('cgroup.memory.anon{cgroup=g}'), [1, 2])
  assert.equal(values('cgroup.memory.pgfault{cgroup=g}'), [10])
  assert.equal(values('cgroup.memory.workingset_nodes{cgroup=g}'), [3, 3])
  assert.equal(values('cgroup.memory.events.oom_kill{cgroup=g}'), [1])
  assert.equal(values('cgroup.cpu.nr_throttled{cgroup=g}'), [2])
  assert.equal(values('cgroup.cpu.throttled{cgroup=g}'), [50])
  assert.equal(values('cgroup.read.bytes{cgroup=g,device=254:0}'), [512])
  assert.equal(values('cgroup.writes{cgroup=g,device=254:0}'), [3])
  assert.equal(values('cgroup.pids{cgroup=g}'), [1, 2])
})

test('numastat: memory of a node in bytes, and how its pages were allocated', () => {
  const { values, bad } = readRecorded('numastat')
  assert.equal(bad, [])
  assert.is(values('numa.memory.free{node=0}')[0], 18480164 * 1024)
  assert.is(values('numa.memory.used{node=0}')[0], 6203920 * 1024)
  // 26780 pages in 1.0018 s
  assert.is(values('numa.hit{node=0}', 0)[0], 26732)
})

test('numastat: one process by kind of memory, several by process', () => {
  const one = `# time 1000.0
Can't read /proc/1/numa_maps: Permission denied

Per-node process memory usage (in MBs) for PID 826 (my prog)
                           Node 0          Node 1           Total
                  --------------- --------------- ---------------
Huge                         0.00            0.00            0.00
Private                      3.50            1.00            4.50
----------------  --------------- --------------- ---------------
Total                        3.50            1.00            4.50
`
  const several = `# time 2000.0

Per-node process memory usage (in MBs)
PID                               Node 0           Total
-----------------------  --------------- ---------------
27007 (a)                         168.50          168.50
27107 (b c)                         2.00            2.00
-----------------------  --------------- ---------------
Total                             170.50          170.50
`
  const { values, names, bad } = readText('numastat', 'numastat-stdout.txt', one + several)
  assert.equal(bad, [])
  assert.equal(values('numa.process.memory{kind=Private,node=1,pid=826,process=my prog}'), [1024 * 1024])
  assert.equal(values('numa.process.memory{node=0,pid=27107,process=b c}'), [2 * 1024 * 1024])
  assert.is(names().length, 8)
})

test('sched: what each processor ran and let wait, and its tasks', () => {
  const stat = readText(
    'sched',
    'schedstat.csv',
    `time,cpu,yields,legacy,schedules,idle_schedules,wakeups,local_wakeups,run_time,wait_time,timeslices
1000,cpu0,0,0,0,0,0,0,0,0,0
2000,cpu0,0,0,9,0,7,0,250000000,2000000000,5
`
  )
  assert.equal(stat.values('sched.run{cpu=0}'), [25])
  assert.equal(stat.values('sched.wait{cpu=0}'), [200])
  assert.equal(stat.values('sched.schedules{cpu=0}'), [9])
  const debug = (at: number, switches: number) => `# time ${at}
Sched Debug Version: v0.11, 6.18.44
jiffies                                 : 4301083443

cpu#0, 2596.136 MHz
  .nr_running                    : 2
  .nr_switches                   : ${switches}

cfs_rq[0]:/
  .nr_running                    : 9

cpu#1, 2596.136 MHz
  .nr_running                    : 0
  .nr_switches                   : 5
`
  const { values, bad } = readText('sched', 'sched-debug.txt', debug(1000, 100) + debug(2000, 130))
  assert.equal(bad, [])
  assert.equal(values('run.running{cpu=0}'), [2, 2])
  assert.equal(values('run.running{cpu=1}'), [0, 0])
  assert.equal(values('context.switches{cpu=0}'), [30])
})

test('sysfs: numbers are series by file, with the folder as the device; words are none', () => {
  const { values, bad } = readRecorded('sysfs')
  assert.equal(bad, [])
  assert.is(values('sysfs.tx_queue_len{device=lo}')[0], 1000)
  const { names } = readText(
    'sysfs',
    'sysfs.csv',
    'time,path,value\n1000,cpu0/cpufreq/governor,"a, b"\n1000,online,-1\n'
  )
  assert.equal(names(), ['sysfs.online'])
})

test('gauge: what its load took, before and after', () => {
  const text = (at: number, reading: object | undefined) => `${JSON.stringify({ at, version: 1, reading }, null, 2)}\n`
  const reading = { integer: 4.5, memory: 1.25, disk: 0.5, held: 0.02 }
  const { values, times } = readText('gauge', 'before.json', text(1000, reading))
  assert.equal(values('gauge.integer'), [4.5])
  assert.equal(values('gauge.held'), [2])
  assert.equal(times('gauge.disk'), [1000])
  assert.equal(readText('gauge', 'after.json', text(1000, undefined)).values('gauge.integer'), [])
  assert.throws(() => readText('gauge', 'after.json', '{\n'), /JSON/)
})

test.run()
