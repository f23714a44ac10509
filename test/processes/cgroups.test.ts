/** Cgroups of runs: where they are, their settings, and what they end. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { cgroupPlaces } from '../../node/processes/cgroup-places.ts'
import { settingsFor } from '../../node/processes/cgroup-settings.ts'
import { Cgroups, killCgroup } from '../../node/processes/cgroups.ts'
import { ProcessLedger, sweep } from '../../node/processes/ledger.ts'
import { processesWith, uniqueSleep } from '../helpers/mesh.ts'
import { skipWhere } from '../helpers/skip.ts'
import { until } from '../helpers/until.ts'

const places = suite('where this process is in the hierarchies of cgroups')
const v2 = '30 22 0:27 / /sys/fs/cgroup rw shared:9 - cgroup2 cgroup2 rw,nsdelegate\n'
const hybrid = `31 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
34 30 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
37 30 0:34 / /sys/fs/cgroup/blkio rw - cgroup cgroup rw,blkio
40 30 0:37 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n`
const shown: Array<[title: string, mountinfo: string, cgroup: string, found: object]> = [
  [
    'one hierarchy',
    v2,
    '0::/system.slice/bak-node.service\n',
    { unified: '/sys/fs/cgroup/system.slice/bak-node.service', v1: {} }
  ],
  ['its root', v2, '0::/\n', { unified: '/sys/fs/cgroup', v1: {} }],
  [
    'one for each controller, and one without',
    hybrid,
    '9:blkio:/b\n4:memory:/m/x\n2:cpu,cpuacct:/\n3:cpuset:/\n0::/\n',
    {
      unified: '/sys/fs/cgroup/unified',
      v1: { memory: '/sys/fs/cgroup/memory/m/x', cpu: '/sys/fs/cgroup/cpu,cpuacct', io: '/sys/fs/cgroup/blkio/b' }
    }
  ],
  [
    'a container that sees a part',
    '30 22 0:27 /docker/ab /sys/fs/cgroup rw - cgroup2 cgroup rw',
    '0::/docker/ab/x',
    { unified: '/sys/fs/cgroup/x', v1: {} }
  ],
  [
    'a part that this process is not in',
    '30 22 0:27 /docker/ab /sys/fs/cgroup rw - cgroup2 cgroup rw',
    '0::/docker/other',
    { v1: {} }
  ],
  ['a group above the own root', v2, '0::/../../x', { v1: {} }],
  [
    'a folder with a space',
    '30 22 0:27 / /sys/fs/my\\040cgroup rw - cgroup2 cgroup2 rw',
    '0::/x',
    { unified: '/sys/fs/my cgroup/x', v1: {} }
  ],
  ['none', '22 1 8:1 / / rw - ext4 /dev/sda1 rw', '', { v1: {} }]
]
for (const [title, mountinfo, cgroup, found] of shown) {
  places(title, () => assert.equal(cgroupPlaces(mountinfo, cgroup), found))
}
places('each limit is a file of v2, and one of v1', () => {
  const limits = { memory: 1000, pids: 5, cpu: 1.5, io: 2000 }
  const all = (['memory', 'pids', 'cpu', 'io'] as const).flatMap(each => [
    ...settingsFor(2, each, limits, '8:0'),
    ...settingsFor(1, each, limits, '8:0')
  ])
  assert.equal(
    all.map(([file, value]) => `${file}=${value}`),
    [
      ...['memory.max=1000', 'memory.limit_in_bytes=1000', 'pids.max=5', 'pids.max=5', 'cpu.max=150000 100000'],
      ...['cpu.cfs_period_us=100000', 'cpu.cfs_quota_us=150000', 'io.max=8:0 rbps=2000 wbps=2000'],
      ...['blkio.throttle.read_bps_device=8:0 2000', 'blkio.throttle.write_bps_device=8:0 2000']
    ]
  )
  assert.equal(settingsFor(2, 'memory', {}), [])
  assert.throws(() => settingsFor(2, 'io', { io: 5 }), /no disk of its own/)
})
places.run()

const groups = suite('a cgroup of a run')
const of = () =>
  new Cgroups({ key: `test${process.pid}`, limits: { pids: 30, memory: 256 * 1024 * 1024 }, folder: tmpdir() })
const why = of().has.includes('kill')
  ? undefined
  : `no cgroup can be made here: ${of().lacks.join('; ') || 'there is no hierarchy'}`

skipWhere(why, groups)('ends all that is in it, whatever sessions and groups it made, and is removed', async () => {
  const cgroup = of().create('run1')
  assert.ok(cgroup)
  const mark = uniqueSleep()
  const enter = cgroup.enter.map(file => `echo $$ > ${file}`).join(';')
  const line = `${enter}; setsid sleep ${mark} & (setsid sh -c "sleep ${mark} & sleep ${mark}" &); exec sleep ${mark}`
  const child = spawn('/bin/sh', ['-c', line], { stdio: 'ignore' })
  const ended = once(child, 'exit')
  await until(() => processesWith(mark).length >= 4)
  await cgroup.remove()
  await ended
  assert.equal(processesWith(mark), [])
  for (const folder of cgroup.folders) assert.ok(!existsSync(folder), folder)
})

skipWhere(why, groups)('what a daemon that was killed left in one is ended by the next', async () => {
  const cgroup = of().create('run3')
  assert.ok(cgroup)
  const mark = uniqueSleep()
  const child = spawn('/bin/sh', ['-c', `echo $$ > ${cgroup.enter[0]}; exec setsid sleep ${mark}`], { stdio: 'ignore' })
  const ended = once(child, 'exit')
  await until(() => processesWith(mark).length >= 1 && readFileSync(cgroup.enter[0] as string, 'utf8') !== '')
  const path = join(mkdtempSync(join(tmpdir(), 'ledger-')), 'ledger')
  new ProcessLedger(path).putCgroups(cgroup.folders)
  await sweep(path)
  await ended
  for (const folder of cgroup.folders) assert.ok(!existsSync(folder), folder)
  rmSync(join(path, '..'), { recursive: true })
})

skipWhere(why, groups)('has the limits that can be had here, and says which those are', async () => {
  const made = of()
  const cgroup = made.create('run2')
  const values = cgroup?.folders.flatMap(folder =>
    ['pids.max', 'memory.max', 'memory.limit_in_bytes'].map(file => join(folder, file)).filter(existsSync)
  )
  const set = values?.map(path => readFileSync(path, 'utf8').trim()).filter(value => value !== 'max') ?? []
  if (made.has.includes('pids')) assert.ok(set.includes('30'), String(set))
  if (made.has.includes('memory')) assert.ok(set.includes(`${256 * 1024 * 1024}`), String(set))
  assert.is(made.has.length - 1 + made.lacks.length, 2)
  await cgroup?.remove()
})

groups('where there is none, none is made, and what is absent is said', () => {
  const none = new Cgroups({ key: 'k', limits: { pids: 3 }, folder: '/' }, { v1: {} })
  assert.is(none.create('run'), undefined)
  assert.equal([none.has, none.lacks], [[], ['pids: no controller that this daemon may use']])
})

groups('a folder that is not of bak is never touched', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'other-'))
  mkdirSync(join(folder, 'system.slice'))
  await killCgroup(join(folder, 'system.slice'))
  assert.ok(!existsSync(join(folder, 'system.slice/cgroup.kill')))
  rmSync(folder, { recursive: true })
})
groups.run()
