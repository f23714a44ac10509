/** Outputs of perf stat, turbostat, bpftrace, nvidia-smi, containers and Open vSwitch as series. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readRecorded, readText } from './read.ts'

const test = suite('readers of programs')

test('perf-stat: counts of an interval are rates, clocks are shares of a processor; what is not supported is left out', () => {
  const { values, names, bad } = readRecorded('perf-stat')
  assert.equal(bad, [])
  // 355 in 1.0014 s
  assert.is(values('perf.context_switches{cpu=0}', 1)[1], 354.5)
  assert.is(values('perf.task_clock{cpu=1}', 2)[1], 100.01)
  assert.equal(names('cycles'), [])
})

test('perf-stat: units, places, events with a modifier, and the time of the first interval', () => {
  const { values, series } = readText(
    'kvmstat',
    'kvmstat.csv',
    `time,place,value,unit,event,share
3000,,10,,kvm:kvm_exit,100.00
3000,S0-D0-C0 2,30,Joules,power/energy-pkg/,100.00
3000,CPU3,<not counted>,,cycles:u,0.00
5000,,10,,kvm:kvm_exit,100.00
5000,CPU3,4,,cycles:u,50.00
`,
    { began: 0, interval: 2 }
  )
  assert.equal(values('perf.kvm.kvm_exit'), [5, 5])
  assert.equal(values('perf.power_energy_pkg{kind=S0-D0-C0 2}'), [15])
  assert.is(series.get('perf.power_energy_pkg{kind=S0-D0-C0 2}')?.unit, 'W')
  assert.equal(values('perf.cycles.u{cpu=3}'), [2])
})

test('turbostat: all processors and each; columns of a core and of a package are of its first processor', () => {
  const head = 'Time_Of_Day_Seconds\tCore\tCPU\tAvg_MHz\tBusy%\tIRQ\tC1%\tCoreTmp\tPkgWatt\n'
  const { values, series, bad } = readText(
    'turbostat',
    'turbostat-stdout.txt',
    `${head}1796088814.250000\t-\t-\t100\t5.00\t30\t1.50\t55\t20.25\n1796088814.250000\t0\t0\t100\t5.00\t10\t1.50\t55\t20.25\n1796088814.250000\t0\t2\t90\t4.00\t20\t1.00\n${head}1796088815.250000\t-\t-\t200\t6.00\t40\t1.50\t56\t21.00\nnonsense\n`
  )
  assert.equal(values('turbostat.avg_frequency{cpu=all}'), [100e6, 200e6])
  assert.equal(values('turbostat.busy{cpu=2}'), [4])
  assert.equal(values('turbostat.pkgwatt{cpu=all}'), [20.25, 21])
  assert.equal(values('turbostat.pkgwatt{cpu=2}'), [])
  assert.is(series.get('turbostat.coretmp{cpu=0}')?.unit, 'C')
  assert.equal(bad, ['turbostat-stdout.txt:7 is no line of a processor'])
})

test('bpftrace: a histogram is a rate of each range, and percentiles by their upper bounds; what is printed at the end has no time', () => {
  const { values, bad } = readRecorded('bpftrace')
  assert.equal(bad, [])
  assert.equal(values('bpftrace.wait_us{kind=[8, 16)}'), [513, 524, 473])
  // 1392 of 2784 are within the first four ranges
  assert.equal(values('bpftrace.wait.p50'), [0.016, 0.016, 0.032])
  assert.equal(values('bpftrace.wait_us{kind=[64K, 128K)}'), [2, 2, 0])
})

test('bpftrace: counts by program; two times in one second; a program of others', () => {
  const text = `Attaching 2 probes...
time 1796088814
@calls[my prog]: 20
@calls[b]: 5

time 1796088814
@calls[b]: 6

@calls[b]: 99
`
  const { values, times } = readText('bpftrace', 'bpftrace-stdout.txt', text, { began: 1796088812000, interval: 1 })
  assert.equal(values('bpftrace.calls{process=my prog}'), [20])
  assert.equal(values('bpftrace.calls{process=b}'), [5, 6])
  assert.equal(times('bpftrace.calls{process=b}'), [1796088814500, 1796088815500])
  const other = readText('bpftrace', 'bpftrace-stdout.txt', 'Attaching 1 probe...\n@x[a]: 5\n')
  assert.equal([other.names(), other.bad], [[], []])
})

test('nvidia-smi: a series of each GPU and column that is a number, with the unit of its name', () => {
  const { values, names, bad } = readText(
    'nvidia-smi',
    'nvidia-smi-stdout.txt',
    `timestamp, index, name, utilization.gpu [%], utilization.memory [%], memory.used [MiB], temperature.gpu, power.draw [W], clocks.current.sm [MHz], pstate
2026/12/01 01:33:34.125, 0, NVIDIA A100-SXM4-40GB, 12 %, 3 %, 512 MiB, 33, 45.12 W, 210 MHz, P0
2026/12/01 01:33:34.125, 1, NVIDIA A100-SXM4-40GB, 99 %, [N/A], 1 MiB, 60, [N/A], 1410 MHz, P0
2026/12/01 01:33:35.125, 0, NVIDIA
`
  )
  assert.equal(values('gpu.utilization{gpu=1}'), [99])
  assert.equal(values('gpu.memory.used{gpu=0}'), [512 * 1024 * 1024])
  assert.equal(values('gpu.power{gpu=0}'), [45.12])
  assert.equal(values('gpu.clock.sm{gpu=1}'), [1410e6])
  assert.equal(names('gpu.power{gpu=1}'), [])
  assert.equal(names('pstate'), [])
  assert.equal(bad, ['nvidia-smi-stdout.txt:4 is no line of a GPU'])
})

test('podman and docker: sizes are bytes, what was moved in all becomes a rate', () => {
  const podman = (at: number, net: string) => `# time ${at}
[
 {
  "id": "f9d544160c92",
  "name": "s1",
  "cpu_time": "30.165968ms",
  "cpu_percent": "2.82%",
  "mem_usage": "704.5kB / 25.28GB",
  "mem_percent": "0.00%",
  "net_io": "${net} / 0B",
  "block_io": "-- / --",
  "pids": "1"
 }
]
`
  const one = readText('podman', 'podman-stdout.txt', podman(1000, '1kB') + podman(3000, '5kB'))
  assert.equal(one.bad, [])
  assert.equal(one.values('container.cpu{container=s1}'), [2.82, 2.82])
  assert.equal(one.values('container.memory.used{container=s1}'), [704500, 704500])
  assert.equal(one.values('container.net.rx.bytes{container=s1}'), [2000])
  assert.equal(one.values('container.read.bytes{container=s1}'), [])
  const line =
    '{"BlockIO":"0B / 4.1kB","CPUPerc":"0.50%","Container":"x","ID":"x","MemPerc":"0.1%","MemUsage":"1.5MiB / 15GiB","Name":"web","NetIO":"656B / 0B","PIDs":"3"}'
  const two = readText('docker', 'docker-stdout.txt', `# time 1000\n${line}\n# time 2000\n{"cut\n`)
  assert.equal(two.values('container.memory.used{container=web}'), [1.5 * 1024 * 1024])
  assert.equal(two.values('container.pids{container=web}'), [3])
  assert.equal(two.bad, ['docker-stdout.txt:5 is no JSON'])
  const recorded = readRecorded('podman')
  assert.equal([recorded.names(), recorded.bad], [[], []])
})

test('openvswitch: interfaces, datapaths and ports of bridges', () => {
  const sample = (
    at: number,
    n: number
  ) => `# time ${at} ovs-vsctl --timeout=5 --columns=name,link_state,statistics list interface
name                : vnet0
link_state          : up
statistics          : {collisions=0, rx_bytes=${n * 100}, rx_dropped=0, rx_packets=${n}, tx_bytes=5, tx_errors=${n}}

# time ${at} ovs-appctl --timeout=5 dpctl/show -s
system@ovs-system:
  lookups: hit:${n * 7} missed:${n} lost:0
  flows: 3
  port 0: ovs-system (internal)
# time ${at} ovs-ofctl --timeout=5 dump-ports br0
OFPST_PORT reply (xid=0x2): 2 ports
  port LOCAL: rx pkts=${n}, bytes=${n * 10}, drop=0, errs=0, frame=0, over=0, crc=0
           tx pkts=${n * 2}, bytes=0, drop=0, errs=0, coll=0
  port  "vnet0": rx pkts=0, bytes=0, drop=0, errs=0, frame=0, over=0, crc=0
           tx pkts=0, bytes=0, drop=${n}, errs=0, coll=0
`
  const { values, bad } = readText('openvswitch', 'openvswitch-stdout.txt', sample(1000, 1) + sample(2000, 3))
  assert.equal(bad, [])
  assert.equal(values('net.rx.bytes{interface=vnet0}'), [200])
  assert.equal(values('net.rx.drops{interface=vnet0}'), [0])
  assert.equal(values('net.tx.errors{interface=vnet0}'), [2])
  assert.equal(values('openvswitch.lookups.hit{device=system@ovs-system}'), [14])
  assert.equal(values('openvswitch.flows{device=system@ovs-system}'), [3, 3])
  assert.equal(values('openvswitch.port.rx.packets{bridge=br0,interface=LOCAL}'), [2])
  assert.equal(values('openvswitch.port.tx.packets{bridge=br0,interface=LOCAL}'), [4])
  assert.equal(values('openvswitch.port.tx.drops{bridge=br0,interface=vnet0}'), [2])
})

test.run()
