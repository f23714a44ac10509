/** Of which series a resource is taken, and how they are added up. */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { addUp, cutTo, numberOf } from '../../../cli/result/points.ts'
import { busiestDevice, chooseSeries, preferredTool, type Resource, resources } from '../../../cli/result/resources.ts'
import type { SeriesInfo } from '../../../protocols/series/series-file.ts'

const test = suite('resources')

const series = (tool: string, metric: string, labels: Record<string, string> = {}, mean = 1): SeriesInfo => ({
  ...{ tool, metric, labels, unit: '%', kind: 'gauge', min: mean, max: mean, mean, last: mean, count: 10 }
})
const util = (device: string, mean: number, tool = 'proc') => series(tool, 'disk.util', { device }, mean)
const chosen = (resource: Resource, all: SeriesInfo[], device?: string) => {
  const { tool, series: taken } = chooseSeries(resource, all, device) ?? {}
  return taken == null
    ? undefined
    : `${tool}: ${taken.map(({ metric, labels }) => [metric, ...Object.values(labels)].join(' ')).join(', ')}`
}

test('processors are those of all together, or else what is not idle, or else the mean of each', () => {
  const busy = ['all', '0', '1'].map(cpu => series('mpstat', 'cpu.busy', { cpu }))
  const idle = series('vmstat', 'cpu.idle', { cpu: 'all' })
  assert.is(chosen(resources.cpu, [...busy, idle]), 'mpstat: cpu.busy all')
  assert.is(chosen(resources.cpu, [...busy.slice(1), idle]), 'vmstat: cpu.idle all')
  assert.is(chosen(resources.cpu, busy.slice(1)), 'mpstat: cpu.busy 0, cpu.busy 1')
  assert.is(chooseSeries(resources.cpu, [idle])?.of(30, 1), 70)
  assert.is(chooseSeries(resources.cpu, busy.slice(1))?.of(120, 2), 60)
  assert.is(chosen(resources.cpu, [series('x', 'memory.used')]), undefined)
})

test('the busiest processor is the one with the highest mean, and not all together', () => {
  const busy = Object.entries({ all: 99, 0: 10, 1: 90 }).map(([cpu, mean]) => series('proc', 'cpu.busy', { cpu }, mean))
  assert.is(chosen(resources.processor, busy), 'proc: cpu.busy 1')
})

test('of several tools one is taken, by preference', () => {
  assert.is(preferredTool(['zz', 'sar', 'proc', 'aa']), 'proc')
  assert.is(preferredTool(['zz', 'aa']), 'aa')
  assert.is(preferredTool([]), undefined)
  assert.is(
    chosen(resources.memory, [series('sar', 'memory.used'), series('proc', 'memory.used')]),
    'proc: memory.used'
  )
})

test('the network is what came and went on all interfaces but lo', () => {
  const all = ['eth0', 'eth1', 'lo'].flatMap(name =>
    ['rx', 'tx'].map(way => series('proc', `net.${way}.bytes`, { interface: name }))
  )
  assert.is(
    chosen(resources.network, all),
    'proc: net.rx.bytes eth0, net.tx.bytes eth0, net.rx.bytes eth1, net.tx.bytes eth1'
  )
})

const disks: Array<[title: string, all: SeriesInfo[], device: string | undefined]> = [
  ['the busiest disk is the one with the highest mean utilization', [util('sda', 10), util('sdb', 90)], 'sdb'],
  ['a disk is as busy as its partition, and is named', [util('sda1', 50), util('sda', 50)], 'sda'],
  [
    'over several samples their points count',
    [util('sda', 90), util('sda', 0), util('sdb', 50), util('sdb', 50)],
    'sdb'
  ],
  ['tools are not mixed', [util('sda', 10), util('dm-0', 99, 'sar')], 'sda'],
  ['without a tool that measured disks there is none', [series('proc', 'cpu.busy')], undefined]
]
for (const [title, all, device] of disks) test(title, () => assert.is(busiestDevice(all), device))

test('what a disk did is taken of the busiest one only', () => {
  const all = ['sda', 'sdb'].map(device => series('proc', 'disk.write.await', { device }))
  assert.is(chosen(resources.writeWait, all, 'sdb'), 'proc: disk.write.await sdb')
  assert.is(chosen(resources.writeWait, all), undefined)
  const writes = ['sda', 'sdb'].map(device => series('proc', 'disk.writes', { device }))
  const { weights } = chooseSeries(resources.writeWait, [...all, ...writes], 'sdb') ?? {}
  assert.is(weights?.labels.device, 'sdb', 'its waits are weighed by its requests')
})

const points = (...pairs: Array<[t: number, v: number]>) => ({
  t: Float64Array.from(pairs, ([t]) => t),
  v: Float64Array.from(pairs, ([, v]) => v)
})
const pairs = ({ t, v }: { t: Float64Array; v: Float64Array }) => [...t].map((at, i) => [at, v[i]])

test('series are added up by time; one that came later is added from then on', () => {
  const sum = addUp([points([1, 10], [2, 20], [3, 30]), points([2, 1], [3, 2])], each => each)
  assert.equal(pairs(sum), [[1, 10], [2, 21], [3, 32]]) // biome-ignore format: pairs
  assert.equal(pairs(addUp([], each => each)), [])
})

test('the sum of series at the same times is that of their values', () => {
  const values = fc.array(fc.array(fc.integer({ min: 0, max: 1e6 }), { minLength: 5, maxLength: 5 }), {
    minLength: 1,
    maxLength: 6
  })
  fc.assert(
    fc.property(values, all => {
      const sum = addUp(
        all.map(v => points(...v.map((each, i): [number, number] => [i, each]))),
        each => each
      )
      assert.equal(
        [...sum.v],
        [0, 1, 2, 3, 4].map(i => all.reduce((total, v) => total + (v[i] as number), 0))
      )
    })
  )
})

test('points are cut to a window, its ends included', () => {
  const all = points([1, 1], [2, 2], [3, 3], [4, 4])
  assert.equal([...cutTo(all, { from: 2, to: 3 }).v], [2, 3])
  assert.equal([...cutTo(all, { from: 5, to: 9 }).v], [])
  assert.equal([...cutTo(all, { from: -1, to: 0 }).v], [])
})

test('a sample is one number: the mean, of a queue the maximum', () => {
  const values = Float64Array.of(1, 2, 6)
  assert.is(numberOf(resources.cpu, values), 3)
  assert.is(numberOf(resources.queue, values), 6)
})

test.run()
