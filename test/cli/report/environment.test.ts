/** The machines of a report. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { environmentTable, memoryOf, readMachines } from '../../../cli/report/environment.ts'

const test = suite('the environment of a report')

let folder: string
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'bak-environment-'))
})
test.after(() => rmSync(folder, { recursive: true, force: true }))

function machine(member: string, files: Record<string, unknown>): void {
  mkdirSync(join(folder, 'sysinfo/begin', member), { recursive: true })
  for (const [name, value] of Object.entries(files))
    writeFileSync(
      join(folder, 'sysinfo/begin', member, name),
      typeof value === 'string' ? value : JSON.stringify(value)
    )
}

test('members that are alike are in one row, and what says nothing of a measurement is left out', async () => {
  machine('a', {
    'cpu.json': { model: 'EPYC', flags: ['fpu'] },
    'os.json': { hostname: 'x' },
    'packages.txt': 'fio 3.33\n'
  })
  machine('b', { 'cpu.json': { model: 'EPYC' }, 'packages.txt': 'fio 3.36\n' })
  machine('c', { 'cpu.json': { model: 'EPYC' } })
  const { rows } = environmentTable(await readMachines(folder, ['a', 'b', 'c', 'absent']))
  assert.equal(rows, [
    ['cpu.model', 'EPYC', 'all'],
    ['packages.fio', '3.33', 'a'],
    ['packages.fio', '3.36', 'b'],
    ['packages.fio', '-', 'c']
  ])
})

test('a link in the place of a snapshot is not followed, and what is no JSON says nothing', async () => {
  machine('d', { 'cpu.json': 'nonsense', 'memory.json': { meminfo: { MemTotal: '16 kB' } } })
  symlinkSync('/etc/hostname', join(folder, 'sysinfo/begin/d/packages.txt'))
  const machines = await readMachines(folder, ['d'])
  assert.equal([...(machines.get('d') ?? [])], [['memory.meminfo.MemTotal', '16 kB']])
})

test('memory is in words where it is known', () => {
  assert.is(memoryOf(new Map([['memory.meminfo.MemTotal', '25000000 kB']])), '23.8 GiB')
  assert.is(memoryOf(new Map([['memory.meminfo.MemTotal', 'much']])), undefined)
  assert.is(memoryOf(undefined), undefined)
})

test.run()
