/** The facts of a machine are read from trees of /proc and /sys of machines that are not here. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { between } from '../../../node/agent/noise/counters.ts'
import { machineFacts } from '../../../node/agent/noise/machine-facts.ts'
import { countInList, MachineFiles } from '../../../node/agent/noise/machine-files.ts'
import { NoiseReader, readNoise, readState } from '../../../node/agent/noise/read-noise.ts'
import type { Counters } from '../../../node/agent/noise/reading.ts'
import { bare, type Files, laptop, pod, poorGuest, quietServer, stat, writeFiles } from './machines.ts'

const reading = suite<{ root: string }>('reading what says whether a machine is fit')

reading.before.each(context => {
  context.root = mkdtempSync(join(tmpdir(), 'bak-noise-'))
})
reading.after.each(({ root }) => rmSync(root, { recursive: true }))

const unfit = async (root: string, files: Files) => {
  writeFiles(root, files)
  const reader = new NoiseReader({ home: root, root })
  const found = await reader.end()
  return found.filter(({ level, fact }) => level === 'unfit' && fact !== 'disk').map(({ fact }) => fact)
}

reading('a server that was made ready is fit', async ({ root }) => {
  assert.equal(await unfit(root, quietServer), [])
  const { isolated, nohzFull, turbo, smt, swap } = readState(new MachineFiles(root))
  assert.equal(
    [isolated, nohzFull, turbo, smt, swap.swappiness],
    ['2-3', '2-3', false, { control: 'off', active: false }, 1]
  )
})

reading('a laptop is not: load, waits, powersave, little memory, swap', async ({ root }) => {
  assert.equal(await unfit(root, laptop), ['load', 'pressure', 'governor', 'memory', 'swap'])
  const { nohzFull, hugepages } = readState(new MachineFiles(root))
  assert.equal([nohzFull, hugepages], ['', 'always'])
})

reading('a guest whose time was stolen, with a slow clock', async ({ root }) => {
  assert.equal(await unfit(root, poorGuest), ['clocksource'])
  const found = await new NoiseReader({ home: root, root }).end()
  assert.equal(
    found.find(({ fact }) => fact === 'steal'),
    { fact: 'steal', value: '10.0 % since it started', level: 'note' }
  )
})

reading('the tightest of all limits above the daemon holds', async ({ root }) => {
  writeFiles(root, pod)
  assert.equal(readState(new MachineFiles(root)).limits, { cpus: 1.5, memory: 2_147_483_648, processors: 16 })
})

reading('a kernel that shows little is read all the same', async ({ root }) => {
  assert.equal(await unfit(root, bare), [])
  const { processors, memory } = readState(new MachineFiles(root))
  assert.is(processors, 2)
  assert.is(memory.available, 800_000 * 1024)
})

reading('what was stolen between two looks is seen', async ({ root }) => {
  writeFiles(root, { ...quietServer, '/proc/stat': stat(1_000, 9_000, 0) })
  const reader = new NoiseReader({ home: root, root })
  reader.begin()
  await new Promise(resolve => setTimeout(resolve, 120))
  writeFiles(root, { '/proc/stat': stat(1_030, 9_050, 20) })
  const { lately } = await reader.read()
  assert.is(lately?.stolen, 0.2)
  assert.is(Math.round((lately?.busy ?? 0) * 10), 3)
})

const counters = (at: number, other: Partial<Counters> = {}): Counters => ({
  ...{ at, own: 0, programs: new Map(), swapped: 0, heldUp: 0 },
  ...other
})

reading('programs of one name are counted together, those that began or ended meanwhile not at all', () => {
  const program = (name: string, time: number) => ({ name, time })
  const before = counters(0, {
    programs: new Map([
      [1, program('cc1', 100)],
      [2, program('cc1', 50)],
      [3, program('gone', 9)]
    ])
  })
  const after = counters(1_000, {
    programs: new Map([
      [1, program('cc1', 400)],
      [2, program('cc1', 350)],
      [4, program('new', 900)],
      [5, program('idle', 0)]
    ])
  })
  assert.equal(between(before, after, 2)?.busiest, [{ name: 'cc1', share: 0.6 }])
})

reading('two looks that are too close to each other say nothing', () => {
  assert.is(between(counters(0), counters(99), 2), undefined)
  assert.is(between(counters(0), counters(100), 2)?.busy, undefined)
})

reading('this machine has its facts within its bounds, whatever user reads it', async () => {
  const found = await readNoise({ home: tmpdir() }, 150, new AbortController().signal)
  assert.ok(found.some(({ fact }) => fact === 'load'))
  assert.ok(found.every(({ value }) => value.length <= 160))
  const facts = machineFacts(new MachineFiles())
  assert.ok(Object.keys(facts).length <= 64)
  assert.ok(facts['kernel.release'])
})

reading('the facts by which machines are compared are those of their files', ({ root }) => {
  writeFiles(root, {
    ...quietServer,
    '/etc/os-release': 'NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 12"\n',
    '/proc/cpuinfo': 'processor\t: 0\nmodel name\t: Xeon Gold 6338\nmicrocode\t: 0xd000389\n\nprocessor\t: 1\n',
    '/proc/sys/kernel/osrelease': '6.1.0-13-amd64\n',
    '/proc/cmdline': 'root=UUID=5e2a1f2c-0b1d-4d59-8a77-0c1a2b3c4d5e ro\n',
    '/sys/class/net/ens1/device/uevent': 'DRIVER=mlx5_core\nPCI_ID=15B3:1017\n',
    '/sys/class/net/ens1/speed': '100000\n',
    '/sys/class/net/ens1/mtu': '9000\n',
    '/sys/class/net/veth1/mtu': '1500\n',
    '/sys/block/nvme0n1/size': '1953125000\n',
    '/sys/block/nvme0n1/queue/scheduler': '[none] mq-deadline\n'
  })
  const facts = machineFacts(new MachineFiles(root))
  assert.is(facts['os.release'], 'Debian GNU/Linux 12')
  assert.is(facts['cpu.model'], 'Xeon Gold 6338')
  assert.is(facts['cpu.microcode'], '0xd000389')
  assert.is(facts['kernel.cmdline'], 'root=UUID=ID ro')
  assert.is(facts['network.interfaces'], 'mlx5_core 100000 Mb/s mtu 9000')
  assert.is(facts['disks.devices'], 'nvme0n1 1000 GB none')
})

const lists: Array<[string, number]> = [
  ['0', 1],
  ['0-3', 4],
  ['0-3,8,10-11', 7],
  ['', 0],
  ['\n', 0]
]
for (const [text, count] of lists)
  reading(`"${text}" are ${count} processors`, () => assert.is(countInList(text), count))

reading.run()
