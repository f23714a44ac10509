/** Which lines of a workload make it a failure, and which numbers it leaves. */
import { execFileSync } from 'node:child_process'
import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { statedIn } from '../../../node/work/stated/stated-in.ts'
import { MAX_METRICS } from '../../../protocols/metric.ts'
import { scratch } from '../../store/scratch.ts'

const test = suite('what a workload said')

const MIB = 1024 * 1024

/** @returns what a workload said that left these files */
function saidBy(stdout: string | Buffer, metrics?: string | Buffer) {
  const folder = scratch()
  writeFileSync(join(folder, 'stdout.txt'), stdout)
  if (metrics != null) writeFileSync(join(folder, 'metrics.ndjson'), metrics)
  return statedIn(folder)
}

const errors: Array<[string, string | Buffer, string | undefined]> = [
  ['nothing', '', undefined],
  ['other lines', 'a\n#BAK:PHASE x\n#BAK:STATE OK\n', undefined],
  ['a line', 'a\n#BAK:STATE ERR disk is full\nb\n', 'disk is full'],
  ['the first line, without an end', '#BAK:STATE ERR disk is full', 'disk is full'],
  ['the first of two lines', '#BAK:STATE ERR one\n#BAK:STATE ERR two\n', 'one'],
  ['no words', '#BAK:STATE ERR\r\n', 'no reason given'],
  ['another word', '#BAK:STATE ERRATIC\n', undefined],
  ['the middle of a line', 'it prints #BAK:STATE ERR no\n', undefined],
  ['bytes that are no UTF-8', Buffer.from('\xff\xfe\n#BAK:STATE ERR caf\xe9\n', 'latin1'), 'caf\ufffd'],
  ['the edge of a portion', `${'x'.repeat(MIB - 5)}\n#BAK:STATE ERR late\n`, 'late'],
  ['the middle of a line of megabytes', `${'x'.repeat(3 * MIB)}#BAK:STATE ERR no\n`, undefined],
  ['a line after one of megabytes', `${'x'.repeat(3 * MIB)}\n#BAK:STATE ERR yes\n`, 'yes'],
  ['a line that never ends', `a\n#BAK:STATE ERR ${'y'.repeat(3 * MIB)}`, 'y'.repeat(512)]
]
for (const [what, text, expected] of errors) {
  test(`${what}: ${expected == null ? 'no failure' : 'a failure'}`, async () => {
    assert.is((await saidBy(text)).error, expected)
  })
}

test('a metric is the mean of all values of its name, of lines and of samples alike', async () => {
  const lines = '#BAK:METRIC iops=100 ops/s\nother\n#BAK:METRIC iops=200 ops/s\r\n#BAK:METRIC p99 = 1.5e1 ms\n'
  const samples = ['iops', 'iops', 'errors'].map((name, i) => JSON.stringify({ at: 1, type: 'sample', name, value: i }))
  const period = JSON.stringify({ at: 1, type: 'period', name: 'ramp', edge: 'begin' })
  const { metrics, warnings } = await saidBy(lines, [...samples, period, ''].join('\n'))
  assert.equal(metrics, [
    { name: 'iops', value: 301 / 4, unit: 'ops/s', main: true, samples: 4 },
    { name: 'p99', value: 15, unit: 'ms', main: true, samples: 1 },
    { name: 'errors', value: 2, main: true, samples: 1 }
  ])
  assert.equal(warnings, [])
})

const bad: Array<[string, string, string | undefined, RegExp]> = [
  ['a value that is no number', '#BAK:METRIC iops=many\n', undefined, /METRIC iops=many: its value is not a number/],
  ['a value that is infinite', '#BAK:METRIC iops=1e999\n', undefined, /not a number/],
  ['a value in hexadecimal', '#BAK:METRIC iops=0x10\n', undefined, /not a number/],
  ['no value', '#BAK:METRIC iops\n', undefined, /expected name=number unit/],
  ['a name with a slash', '#BAK:METRIC a/b=1\n', undefined, /its name may have 64 letters/],
  ['a unit that is too long', `#BAK:METRIC a=1 ${'u'.repeat(33)}\n`, undefined, /its unit may have 32 characters/],
  ['a line that is too long', `#BAK:METRIC a=1 ${'u'.repeat(5000)}\n`, undefined, /it is too long/],
  ['a progress beyond 100', '#BAK:PROGRESS 101\n', undefined, /from 0 to 100/],
  ['a phase without a name', '#BAK:PHASE\n', undefined, /it names no phase/],
  ['a line that a terminal would obey', '#BAK:METRIC \u001b[2J=1\n', undefined, /^#BAK:METRIC {2}\[2J=1: /],
  ['a file that is not JSON', '', 'iops 1\n', /line 1 of metrics.ndjson: it is not JSON/],
  ['a number in the file', '', '\n5\n', /line 2 of metrics.ndjson: it is no JSON object/],
  [
    'a text as value in the file',
    '',
    '{"type":"sample","name":"a","value":"1"}\n',
    /line 1 .*its value is not a number/
  ],
  ['a line of megabytes in the file', '', `{"a":"${'x'.repeat(2 * MIB)}"}\n`, /line 1 .*more than 4096 bytes/]
]
for (const [what, stdout, file, warning] of bad) {
  test(`${what} is a warning and no metric`, async () => {
    const { metrics, warnings, error } = await saidBy(stdout, file)
    assert.equal([metrics, error, warnings.length], [[], undefined, 1])
    assert.match(warnings[0] as string, warning)
  })
}

test('metrics beyond the bound are one warning, and of many bad lines their number', async () => {
  const many = Array.from({ length: MAX_METRICS + 40 }, (_, i) => `#BAK:METRIC m${i}=1\n`).join('')
  const { metrics, warnings } = await saidBy(many)
  assert.is(metrics.length, MAX_METRICS)
  assert.equal(warnings, [
    `a result has ${MAX_METRICS} metrics at most: the others, such as m${MAX_METRICS}, are in its output only`
  ])
  const wrong = Array.from({ length: 1000 }, (_, i) => `#BAK:PROGRESS no${i}\n`).join('')
  const named = (await saidBy(wrong)).warnings
  assert.is(named.length, 9)
  assert.is(named.at(-1), '992 more lines of the workload could not be read')
})

test('other units of a name are a warning; the first is kept', async () => {
  const { metrics, warnings } = await saidBy('#BAK:METRIC a=1\n#BAK:METRIC a=2 s\n#BAK:METRIC a=3 ms\n')
  assert.equal(metrics, [{ name: 'a', value: 2, unit: 's', main: true, samples: 3 }])
  assert.equal(warnings, ['metric a has other units beside s'])
})

test('behind its unit a metric may say what is better, and how several values become one; the first word counts', async () => {
  const lines = [
    'iops=1 ops/s more sum',
    'p99=2 ms less max',
    'n=3 less',
    'words=4 ops per s sum more',
    'unit=5 lesser'
  ]
  const sample = (name: string, more: object) =>
    `${JSON.stringify({ at: 1, type: 'sample', name, value: 3, ...more })}\n`
  const file = [sample('iops', { better: 'less' }), sample('p99', {}), sample('odd', { better: 'big' })].join('')
  const { metrics, warnings } = await saidBy(lines.map(each => `#BAK:METRIC ${each}\n`).join(''), file)
  assert.equal(metrics, [
    { name: 'iops', value: 2, unit: 'ops/s', better: 'more', across: 'sum', main: true, samples: 2 },
    { name: 'p99', value: 2.5, unit: 'ms', better: 'less', across: 'max', main: true, samples: 2 },
    { name: 'n', value: 3, better: 'less', main: true, samples: 1 },
    { name: 'words', value: 4, unit: 'ops per s', better: 'more', across: 'sum', main: true, samples: 1 },
    { name: 'unit', value: 5, unit: 'lesser', main: true, samples: 1 }
  ])
  assert.equal(warnings, [
    'metric iops has other directions beside more',
    'line 3 of metrics.ndjson: what is better is more or less'
  ])
})

test('links and pipes in the place of its files are not followed, and not waited for', async () => {
  const folder = scratch()
  const secret = join(scratch(), 'secret')
  writeFileSync(secret, '#BAK:METRIC secret=1\n')
  symlinkSync(secret, join(folder, 'stdout.txt'))
  execFileSync('mkfifo', [join(folder, 'metrics.ndjson')])
  assert.equal(await statedIn(folder), {
    error: 'its output cannot be read: it is a link',
    metrics: [],
    warnings: ['metrics.ndjson cannot be read: it is no regular file']
  })
})

test('the mean of values of any size is as finite as they are', async () => {
  const value = fc.double({ noNaN: true, noDefaultInfinity: true })
  await fc.assert(
    fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 20 }), async values => {
      const { metrics, warnings } = await saidBy(values.map(each => `#BAK:METRIC x=${each}\n`).join(''))
      const [low, high] = [Math.min(...values), Math.max(...values)]
      const { value: mean, samples } = metrics[0] as { value: number; samples: number }
      const slack = Math.max(Math.abs(low), Math.abs(high)) * 1e-12
      assert.ok(mean >= low - slack && mean <= high + slack, `${mean} of ${values}`)
      assert.equal([samples, warnings], [values.length, []])
    }),
    { numRuns: 50 }
  )
})

test.run()
