/** What tools that sample make of the texts of kernels. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { mountsOf } from '../../../node/processes/mounts.ts'
import { cgroupRows } from '../../../node/tools/sampled/cgroup.ts'
import { chosenMounts } from '../../../node/tools/sampled/disk.ts'
import { meminfoPairs, numaPairs } from '../../../node/tools/sampled/numastat.ts'
import { interruptRows, processorsOf } from '../../../node/tools/sampled/proc-interrupts.ts'
import { subjects } from '../../../node/tools/sampled/proc-subjects.ts'
import { vmstatSubject } from '../../../node/tools/sampled/proc-vmstat.ts'
import { schedstat } from '../../../node/tools/sampled/sched.ts'

const parsing = suite('texts of the kernel')

const INTERRUPTS = `           CPU0       CPU1       
  0:         35          0   IO-APIC   2-edge      timer
  9:          0          0   IO-APIC   9-fasteoi   acpi
 24:          0   11871122  PCI-MSIX-0000:00:01.0   0-edge      nvme0q0, usb1
NMI:          7          8   Non-maskable interrupts
ERR:          3
MIS:          0
`

parsing(
  'interrupts that came have a row, with a column for each processor; one with a comma in what it is has quotes',
  () => {
    assert.equal(processorsOf(INTERRUPTS), ['CPU0', 'CPU1'])
    assert.equal(interruptRows(INTERRUPTS, ['CPU0', 'CPU1']), [
      '0,35,0,IO-APIC 2-edge timer',
      '24,0,11871122,"PCI-MSIX-0000:00:01.0 0-edge nvme0q0, usb1"',
      'NMI,7,8,Non-maskable interrupts',
      'ERR,3,,'
    ])
  }
)

parsing('a processor that was unplugged has empty columns, and one that was plugged in has none', () => {
  const fewer = INTERRUPTS.split('\n')
    .map(line => line.replace(/^(.{15})(.{11})/, '$1'))
    .join('\n')
  assert.is(interruptRows(fewer, ['CPU0', 'CPU1'])[0], '0,35,,IO-APIC 2-edge timer')
  assert.is(interruptRows(INTERRUPTS, ['CPU1'])[0], '0,0,IO-APIC 2-edge timer')
})

parsing('vmstat has a column for each counter', () => {
  const text = 'nr_free_pages 5\npgfault 77\n'
  assert.equal(vmstatSubject.columns(text), ['nr_free_pages', 'pgfault'])
  assert.equal(vmstatSubject.rows(text), ['5,77'])
})

parsing('activity of all processors has a column for each name, which is empty where a kernel has none', () => {
  const activity = subjects.find(({ name }) => name === 'activity')
  const text = 'cpu  1 2\nintr 300 1 2\nctxt 5000\nbtime 7\nprocesses 11\nprocs_running 3\nprocs_blocked 1\n'
  assert.equal(activity?.columns(text), ['context_switches', 'interrupts', 'softirqs', 'forks', 'blocked'])
  assert.equal(activity?.rows(text), ['5000,300,,11,1'])
})

parsing('schedstat has a row for each processor; lines of domains and further counters are left out', () => {
  const text = `version 16
timestamp 4296110592
cpu0 0 0 0 0 0 0 30261537451 9187530120 240112 9
domain0 03 12 12 0 0 0 0 0 12 5 5 0 0 0 0 0 5 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
cpu1 1 0 2 3 4 5 6 7 8
`
  assert.is(schedstat.columns(text).length, 10)
  assert.equal(schedstat.rows(text), ['cpu0,0,0,0,0,0,0,30261537451,9187530120,240112', 'cpu1,1,0,2,3,4,5,6,7,8'])
})

const cgroups: Array<[file: string, text: string, rows: string[]]> = [
  ['cpu.stat', 'usage_usec 5\nuser_usec 3\n', ['usage_usec,5', 'user_usec,3']],
  ['memory.current', '4096\n', ['current,4096']],
  [
    'cpu.pressure',
    'some avg10=0.50 avg60=0.00 avg300=0.00 total=71\n',
    ['some.avg10,0.50', 'some.avg60,0.00', 'some.avg300,0.00', 'some.total,71']
  ],
  ['io.stat', '254:0 rbytes=1 wbytes=2\n8:0 \n', ['254:0.rbytes,1', '254:0.wbytes,2']],
  ['io.stat', '', []]
]
for (const [file, text, rows] of cgroups) {
  parsing(`${file} of a cgroup: ${JSON.stringify(text)}`, () => {
    assert.equal(cgroupRows(file, text), rows)
  })
}

parsing('files of a NUMA node are pairs of name and number', () => {
  assert.equal(numaPairs('numa_hit 5\nnuma_miss 0\n'), [
    ['numa_hit', '5'],
    ['numa_miss', '0']
  ])
  assert.equal(meminfoPairs('Node 0 MemTotal:       24684084 kB\nNode 0 HugePages_Total:     0\n'), [
    ['MemTotal', '24684084'],
    ['HugePages_Total', '0']
  ])
})

const MOUNTS = mountsOf(`22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
42 27 254:0 /run/netns /run/netns rw - ext4 /dev/vda rw
43 27 254:16 / /data\\040big rw - xfs /dev/vdb rw
44 27 0:50 / /mnt/nfs rw - nfs4 server:/x rw
45 27 0:51 / /mnt/fuse rw - fuse.sshfs a@b: rw
46 27 0:52 / /dev/shm rw - tmpfs tmpfs rw
`)

parsing('room is asked of local file systems, each device once; servers may not answer, and are named', () => {
  const { local, others } = chosenMounts(MOUNTS, [])
  assert.equal(
    local.map(({ point }) => point),
    ['/', '/data big', '/dev/shm']
  )
  assert.equal(
    others.map(({ point, type }) => [point, type]),
    [
      ['/mnt/nfs', 'nfs4'],
      ['/mnt/fuse', 'fuse.sshfs']
    ]
  )
})

parsing('only the mounts that are asked for', () => {
  const chosen = chosenMounts(MOUNTS, ['/data*', '/mnt/*'])
  assert.equal(
    [...chosen.local, ...chosen.others].map(({ point }) => point),
    ['/data big', '/mnt/nfs', '/mnt/fuse']
  )
})

parsing.run()
