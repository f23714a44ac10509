/** The block of a report as the page reads it. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Block } from '../../../cli/report/block.ts'

const test = suite('the block of a report')

const about = { member: 0, tool: 'proc', metric: 'cpu.user', labels: 'cpu=all', unit: '%' }

function build(round: boolean, values: number[]) {
  const block = new Block({ round })
  const axis = block.addAxis(Float64Array.from(values, (_, i) => i / 10))
  block.addAxis(Float64Array.of(7))
  block.addSeries({ ...about, axis: 1, values: Float64Array.of(5), measured: 1 })
  const row = block.addSeries({ ...about, labels: '', axis, values: Float64Array.from(values), measured: 99 })
  const text = block.addText('a;b 1\nä 2')
  const bytes = block.bytes()
  const { series, axes, block: parts } = block.contents
  const { buffer } = Uint8Array.from(bytes)
  const times = new Float64Array(buffer, 0, parts.float64)
  const numbers = new Float32Array(buffer, 8 * parts.float64, parts.float32)
  const texts = new Uint8Array(buffer, 8 * parts.float64 + 4 * parts.float32, parts.text)
  return { series, axes, times, numbers, texts, row, text, bytes, parts }
}

test('times, values and texts are found where the lists say', () => {
  const values = [1, Number.NaN, 3.5]
  const { series, axes, times, numbers, texts, row, text, bytes, parts } = build(false, values)
  const [member, tool, metric, labels, unit, axis, offset, measured] = series.rows[row] ?? []
  assert.equal([member, measured], [0, 99])
  assert.equal(
    [series.tools[tool ?? -1], series.metrics[metric ?? -1], series.labels[labels ?? -1], series.units[unit ?? -1]],
    ['proc', 'cpu.user', '', '%']
  )
  const { offset: from, length } = axes[axis ?? -1] ?? { offset: -1, length: 0 }
  assert.equal([...times.subarray(from, from + length)], [0, 0.1, 0.2])
  assert.equal([...numbers.subarray(offset, (offset ?? 0) + length)], values)
  assert.is(new TextDecoder().decode(texts.subarray(text.offset, text.offset + text.length)), 'a;b 1\nä 2')
  assert.is(bytes.length, 8 * parts.float64 + 4 * parts.float32 + parts.text)
})

test('a text that many series have is in the lists once', () => {
  const { series } = build(false, [1])
  assert.equal([series.tools, series.labels], [['proc'], ['cpu=all', '']])
})

test('rounded values are within one part in 4096, and gaps and extremes stay', () => {
  const values = [0, -0.1, 123456.789, 1e-37, 3.4e38, -3.4028234663852886e38, Number.NaN, 100]
  const { numbers, series, row } = build(true, values)
  const offset = series.rows[row]?.[6] ?? -1
  for (const [at, value] of values.entries()) {
    const rounded = numbers[offset + at] as number
    if (Number.isNaN(value)) assert.ok(Number.isNaN(rounded))
    else assert.ok(Math.abs(rounded - value) <= Math.abs(value) / 4096, `${value}: ${rounded}`)
  }
})

test.run()
