/** Which series of a member the panels of a report draw. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { chooseCells } from '../../../cli/report/choose-cells.ts'
import type { SeriesInfo } from '../../../protocols/series/series-file.ts'

const test = suite('the panels of a report')

const info = (tool: string, metric: string, labels: Record<string, string> = {}, mean = 1): SeriesInfo => ({
  ...{ tool, metric, labels, unit: '', kind: 'gauge', min: 0, max: mean, mean, last: mean, count: 10 }
})

const cell = (id: string, series: SeriesInfo[]) => chooseCells(series).find(({ panel }) => panel.id === id)
const drawn = (id: string, series: SeriesInfo[]) =>
  cell(id, series)?.parts.map(
    part => part && `${part.info.tool} ${part.info.metric} ${JSON.stringify(part.info.labels)}`
  )

test('all parts of a cell are of the tool that measures most of them, of two alike of the preferred one', () => {
  const part = (tool: string, mode: string) => info(tool, `cpu.${mode}`, { cpu: 'all' })
  const more = [part('vmstat', 'user'), part('mpstat', 'user'), part('mpstat', 'system')]
  assert.equal(drawn('cpu', more)?.filter(Boolean), [
    'mpstat cpu.user {"cpu":"all"}',
    'mpstat cpu.system {"cpu":"all"}'
  ])
  const alike = [part('vmstat', 'user'), part('proc', 'user')]
  assert.equal(drawn('cpu', alike)?.filter(Boolean), ['proc cpu.user {"cpu":"all"}'])
})

test('the tool is the one of which bak show takes the resource, even if another has more parts', () => {
  const part = (tool: string, mode: string) => info(tool, `cpu.${mode}`, { cpu: 'all' })
  const series = [part('proc', 'busy'), part('proc', 'user'), part('sar', 'user'), part('sar', 'system')]
  assert.equal(drawn('cpu', series)?.filter(Boolean), ['proc cpu.user {"cpu":"all"}'])
})

test('of several disks the busiest is drawn in all panels of disks', () => {
  const disk = (device: string, util: number) => [
    info('iostat', 'disk.util', { device }, util),
    info('iostat', 'disk.read.bytes', { device })
  ]
  const series = [...disk('sda', 3), ...disk('nvme0n1', 90)]
  assert.is(cell('disk-util', series)?.note, 'nvme0n1')
  assert.equal(drawn('disk-bytes', series)?.[0], 'iostat disk.read.bytes {"device":"nvme0n1"}')
})

test('the interfaces but the loopback are one line together', () => {
  const series = ['eth0', 'eth1', 'lo'].map(name => info('proc', 'net.rx.bytes', { interface: name }))
  const chosen = cell('network', series)
  assert.is(chosen?.note, '2 interfaces')
  assert.is(chosen?.parts[0]?.keys.length, 2)
  assert.is(chosen?.parts[0]?.of?.(7), 7)
})

test('interrupts are those of the machine, or else of all its processors together', () => {
  const each = ['0', '1'].map(cpu => info('proc-interrupts', 'interrupts', { cpu }))
  assert.equal(cell('interrupts', each)?.parts[0]?.keys.length, 2)
  assert.equal(drawn('interrupts', each), ['proc-interrupts interrupts {"cpu":"2 together"}'])
  const whole = info('proc-interrupts', 'interrupts', { cpu: 'all' })
  assert.equal(drawn('interrupts', [...each, whole]), ['proc-interrupts interrupts {"cpu":"all"}'])
  assert.is(cell('interrupts', [info('x', 'interrupts', { irq: '7' })]), undefined)
})

test('what processors have to do is what is left of their idle time where nothing else is known', () => {
  const series = ['10', '9', 'all'].map(cpu => info('mpstat', 'cpu.idle', { cpu }))
  const chosen = cell('processors', series)
  assert.equal(
    chosen?.parts.map(part => [part?.name, part?.info.metric, part?.of?.(25)]),
    [
      ['9', 'cpu.busy', 75],
      ['10', 'cpu.busy', 75]
    ]
  )
})

test('a panel of which nothing is measured is left out', () => {
  assert.equal(chooseCells([info('x', 'y')]), [])
  assert.equal(chooseCells([]), [])
})

test.run()
