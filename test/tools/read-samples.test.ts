import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { check } from '../../protocols/codec.ts'
import { type Reading, reading } from '../../protocols/reading.ts'
import { readSamples } from '../helpers/read-samples.ts'

const read = suite('what a tool wrote, by its reading')
const by = (given: object): Reading => check(reading, given) as Reading

read('CSV with a line of names: time, a label, and all other columns that are numbers', () => {
  const text = 'time,queue,depth,state\n1790000000.5,mail,12,up\n1790000001.5,"a,b",3.5e1,up\n'
  const { samples, missed } = readSamples(by({ format: 'csv', time: 'time', labels: ['queue'] }), text)
  assert.equal(samples, [
    { time: 1790000000500, labels: { queue: 'mail' }, values: { depth: 12 } },
    { time: 1790000001500, labels: { queue: 'a,b' }, values: { depth: 35 } }
  ])
  assert.is(missed, 0)
})

read('CSV without names, with another separator and a time in ms', () => {
  const given = by({ format: 'csv', separator: ';', columns: ['t', 'x'], time: 't', time_unit: 'ms' })
  assert.equal(readSamples(given, '5;1\r\n6;2\r\n').samples, [
    { time: 5, labels: {}, values: { x: 1 } },
    { time: 6, labels: {}, values: { x: 2 } }
  ])
})

read('lines that are no sample are named with their number, and the others are read', () => {
  const text = 'time,x\n1,2\n1\nnow,3\n2,much\n"3,4\n\n5,6'
  const { samples, unread, missed } = readSamples(by({ format: 'csv', time: 'time', values: ['x'] }), text)
  assert.equal(
    samples.map(({ values }) => values.x),
    [2, 6]
  )
  assert.equal(unread, [
    { line: 3, why: 'has 1 cells; there are 2 columns' },
    { line: 4, why: 'time: "now" is no time in s' },
    { line: 5, why: 'x: "much" is no number' },
    { line: 6, why: 'a quote is not closed' }
  ])
  assert.is(missed, 4)
})

read('of many such lines the first hundred are named, and all are counted', () => {
  const { unread, missed } = readSamples(by({ format: 'json', values: ['x'] }), 'no\n'.repeat(250))
  assert.equal([unread.length, missed], [100, 250])
})

read('JSON: the ways to numbers, labels and an ISO time', () => {
  const given = by({
    ...{ format: 'json', time: 'at', time_unit: 'iso', labels: ['host.name'] },
    values: ['cpus.0.busy', 'up']
  })
  const lines = [
    { at: '2026-11-30T22:00:00Z', host: { name: 'a' }, cpus: [{ busy: 0.5 }], up: true },
    { at: '2026-11-30 22:00:01,250', host: { name: 'b' }, cpus: [{ busy: 1 }], up: false },
    { at: '2026-11-30T22:00:00Z', host: {}, cpus: [{ busy: 1 }], up: true }
  ]
  const { samples, unread } = readSamples(given, lines.map(each => JSON.stringify(each)).join('\n'))
  const at = Date.UTC(2026, 10, 30, 22)
  assert.equal(samples, [
    { time: at, labels: { 'host.name': 'a' }, values: { 'cpus.0.busy': 0.5, up: 1 } },
    { time: at + 1250, labels: { 'host.name': 'b' }, values: { 'cpus.0.busy': 1, up: 0 } }
  ])
  assert.equal(unread, [{ line: 3, why: 'host.name: is missing' }])
})

read('JSON never looks at what an object has of its prototype', () => {
  const given = by({ format: 'json', values: ['constructor.length'] })
  assert.equal(readSamples(given, '{}').unread, [{ line: 1, why: 'constructor.length: nothing is no number' }])
})

read('a regular expression: named groups; lines that it does not fit are no samples', () => {
  const given = by({
    ...{ format: 'regex', pattern: String.raw`^(?<time>\d+) (?<disk>\w+): (?<busy>[\d.]+)%`, time: 'time' },
    labels: ['disk']
  })
  const text = 'Linux 6.1\n10 sda: 33.5%\nsome words\n11 sdb: 2%\n'
  assert.equal(readSamples(given, text), {
    samples: [
      { time: 10_000, labels: { disk: 'sda' }, values: { busy: 33.5 } },
      { time: 11_000, labels: { disk: 'sdb' }, values: { busy: 2 } }
    ],
    unread: [],
    missed: 0
  })
})

read('a line that is too long for a pattern is named, not matched', () => {
  const given = by({ format: 'regex', pattern: '(?<x>(a+)+)$' })
  const began = performance.now()
  assert.match(readSamples(given, `${'a'.repeat(5000)}!`).unread[0]?.why as string, /has 5001 characters; 4096 are/)
  assert.ok(performance.now() - began < 1000)
})

read('CSV that was written with quotes is read back', () => {
  const cell = fc.string({ maxLength: 8 }).filter(text => !/[\r\n]/.test(text))
  fc.assert(
    fc.property(
      fc.array(fc.tuple(cell, fc.double({ noNaN: true, noDefaultInfinity: true })), { minLength: 1 }),
      rows => {
        const text = rows.map(([label, x]) => `"${label.replaceAll('"', '""')}",${x}`).join('\n')
        const given = by({ format: 'csv', columns: ['label', 'x'], labels: ['label'], values: ['x'] })
        assert.equal(
          readSamples(given, text).samples,
          rows.map(([label, x]) => ({ labels: { label: label.trim() }, values: { x: Number(String(x)) } }))
        )
      }
    )
  )
})

read('no text makes it throw, and each sample has a number', () => {
  const readings = [
    by({ format: 'csv' }),
    by({ format: 'json', values: ['a.b'], time: 't' }),
    by({ format: 'regex', pattern: '(?<x>.*)' })
  ]
  fc.assert(
    fc.property(fc.constantFrom(...readings), fc.string({ size: 'medium' }), (given, text) => {
      for (const { values } of readSamples(given, text).samples) {
        assert.ok(Object.keys(values).length > 0)
        assert.ok(Object.values(values).every(Number.isFinite))
      }
    })
  )
})
read.run()
