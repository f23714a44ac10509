/** Whatever is in a file: its reader ends soon, throws nothing but an error, and puts what it puts under names that are short. */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { FileAbout, Sink } from '../../../node/series/reader.ts'
import { readers } from '../../../node/tools/readers/index.ts'
import { recordedText } from './read.ts'

const test = suite('readers of damaged files')

/** Recordings, by tool and file. */
const RECORDED: Record<string, [name: string, file: string]> = {
  'proc cpu.csv': ['proc', 'cpu.csv'],
  'proc disks.csv': ['proc', 'disks.csv'],
  'proc memory.csv': ['proc', 'memory.csv'],
  'proc-interrupts interrupts.csv': ['proc-interrupts', 'interrupts.csv'],
  'cgroup cgroup.csv': ['cgroup', 'cgroup.csv'],
  'vmstat vmstat-stdout.txt': ['vmstat', 'vmstat-stdout.txt'],
  'mpstat mpstat-stdout.txt': ['mpstat-all', 'mpstat-stdout.txt'],
  'iostat iostat-stdout.txt': ['iostat', 'iostat-stdout.txt'],
  'pidstat pidstat-stdout.txt': ['pidstat', 'pidstat-stdout.txt'],
  'sar sar.data': ['sar', 'sar.data.txt'],
  'perf-stat perf-stat.csv': ['perf-stat', 'perf-stat.csv'],
  'bpftrace bpftrace-stdout.txt': ['bpftrace', 'bpftrace-stdout.txt']
}

function read(tool: string, file: string, lines: string[]): number {
  let points = 0
  const put = (metric: string, labels: Readonly<Record<string, string>>) => {
    assert.ok(metric.length > 0 && Object.keys(labels).length < 8, metric)
    return () => void points++
  }
  const sink: Sink = { gauge: put, counter: put, bad: () => {} }
  const reader = readers[tool]?.find(({ files }) => files.includes(file))
  const about: FileAbout = { tool, file, options: {}, interval: 1, began: 1_796_089_690_000 }
  try {
    const opened = reader?.open(about, sink)
    for (const [i, line] of lines.entries()) opened?.line(line, i + 1)
    opened?.end?.()
  } catch (error) {
    assert.instance(error, Error)
    assert.not.instance(error, TypeError)
    assert.not.instance(error, RangeError)
  }
  return points
}

for (const [of, [name, recorded]] of Object.entries(RECORDED)) {
  const [tool = '', file = ''] = of.split(' ')
  const lines = recordedText(name, recorded).split('\n').slice(0, 120)
  test(`${of}: lines that are cut, joined, doubled, out of order, or have other letters in them`, () => {
    const whole = read(tool, file, lines)
    assert.ok(whole > 0)
    const change = fc.record({
      line: fc.nat(lines.length - 1),
      at: fc.nat(300),
      put: fc.oneof(
        fc.string({ maxLength: 12, unit: 'binary' }),
        fc.constantFrom('', ',', '"', ' ', '-', '1e999', '\t', '[', '0x')
      ),
      kind: fc.constantFrom('cut', 'insert', 'double', 'move', 'drop')
    })
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 12 }), changes => {
        const damaged = [...lines]
        for (const { line, at, put, kind } of changes) {
          const text = damaged[line % damaged.length] ?? ''
          if (kind === 'cut') damaged[line % damaged.length] = text.slice(0, at)
          else if (kind === 'insert') damaged[line % damaged.length] = text.slice(0, at) + put + text.slice(at)
          else if (kind === 'double') damaged.splice(line, 0, text)
          else if (kind === 'move') damaged.unshift(...damaged.splice(line, 1))
          else if (damaged.length > 1) damaged.splice(line % damaged.length, 1)
        }
        read(tool, file, damaged)
      }),
      { numRuns: 60 }
    )
  })
}

for (const [tool, all] of Object.entries(readers)) {
  test(`${tool}: a long line of one letter takes no long time`, () => {
    for (const { files } of all) {
      const began = performance.now()
      for (const letter of [' ', '0', '(', 'a', ',', '@', '[', ':']) {
        const long = letter.repeat(60_000)
        read(tool, String(files[0]), ['# time 1000.0 ovs-vsctl', 'time 1000', long, `${long}x`, `x${long}`])
      }
      const took = performance.now() - began
      assert.ok(took < 3_000, `${files[0]}: ${took} ms`)
    }
  })
}

test.run()
