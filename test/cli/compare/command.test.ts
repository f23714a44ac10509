/** `bak compare` over results on the disk, without a daemon. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RECORD_FILE } from '../../../protocols/layout.ts'
import { writeRecord } from '../../../protocols/record.ts'
import { startBak } from '../fake.ts'
import { resultIn } from './results.ts'

const test = suite('bak compare')

let home = ''
const at = (name: string) => join(home, name)
const bak = (...words: string[]) => startBak(['--home', at('home'), 'compare', ...words]).ended
/** A run an hour later. */
const later = (run: string, seed: number) => ({ run: `20261122T223015-${run}`, samples: 6, seconds: 4, seed })

test.before(() => {
  home = mkdtempSync(join(tmpdir(), 'bak-compare-'))
  const base = resultIn({ folder: at('base'), samples: 6, seconds: 4 })
  resultIn({ folder: at('same'), ...later('aaaaaa', 2) }, { like: base })
  resultIn({ folder: at('slow'), ...later('bbbbbb', 3), slower: { m2: 2 } }, { like: base, kernel: '6.18' })
  resultIn({ folder: at('few'), ...later('cccccc', 4), samples: 3, slower: { m2: 2 } }, { like: base })
  resultIn({ folder: at('other'), ...later('dddddd', 5) })
  const partial = resultIn({ folder: at('partial'), ...later('eeeeee', 6) }, { like: base })
  writeFileSync(join(at('partial'), RECORD_FILE), writeRecord({ ...partial.record, partial: true }))
})
test.after(() => rmSync(home, { recursive: true }))

test('a slower disk is worse, by how much, and the resource of the member that it comes from is first', async () => {
  const { status, stdout, stderr } = await bak(at('base'), at('slow'))
  assert.is(status, 0, stderr)
  assert.match(stdout, /kernel\.uname\.release +6\.12 +6\.18 +m1, m2, m3/)
  assert.match(stdout, /worse: fio\.read\.iops of bs=4k, -\d+(\.\d+)? % \(-\d+(\.\d+)? to -\d+(\.\d+)? %\)/)
  assert.match(stdout, /worse: fio\.read\.clat\.p99 of bs=64k, \+/)
  assert.match(stdout, /RESOURCE .*\n.* m2 /)
  assert.match(stdout, /disk throughput nvme0n1 +m2 /)
  assert.not.match(stdout, /Test 9000/)
})

test('an unchanged disk is the same', async () => {
  const { status, stdout } = await bak(
    at('base'),
    at('same'),
    '--fail-on',
    'worse',
    '--fail-on',
    'p99 > 5%',
    '--strict'
  )
  assert.is(status, 0)
  assert.match(stdout, /same within 2 %: fio\.read\.iops of bs=4k/)
  assert.not.match(stdout, /(worse|better): /)
  assert.match(stdout, /--fail-on "p99 > 5%" does not hold, of 2 metrics/)
})

test('a condition that holds is 99, one that nobody can tell 0, and 2 with --strict', async () => {
  const few = [at('base'), at('few'), '--no-resources', '--fail-on', 'p99 > 5%']
  const [slow, unsure, strict] = await Promise.all([
    bak(at('base'), at('slow'), '--no-resources', '--fail-on', 'p99 > 5%'),
    bak(...few),
    bak(...few, '--strict')
  ])
  assert.is(slow.status, 99)
  assert.match(slow.stdout, /--fail-on "p99 > 5%" holds: fio\.read\.clat\.p99 of bs=4k/)
  assert.equal([unsure.status, strict.status], [0, 2])
  assert.match(unsure.stdout, /cannot tell: .*\(needs \d+ of each\)/)
  assert.match(unsure.stdout, /--fail-on "p99 > 5%" cannot be told/)
})

test('another roster is refused, or stands in the first line', async () => {
  const [refused, told] = await Promise.all([
    bak(at('base'), at('other')),
    bak(at('base'), at('other'), '--despite', 'roster', '--no-resources')
  ])
  assert.is(refused.status, 64)
  assert.match(refused.stderr, /not measured alike:\nbak: roster: m1 is one peer in A and another in B/)
  assert.match(refused.stderr, /--despite roster compares all the same/)
  assert.is(told.status, 0)
  assert.match(told.stdout, /^not measured alike: roster: m1/)
})

test('partial on one side is refused, on both a warning', async () => {
  const [one, both] = await Promise.all([
    bak(at('base'), at('partial'), '--no-resources'),
    bak(`${at('partial')}:1`, `${at('partial')}:2`, '--no-resources')
  ])
  assert.is(one.status, 64)
  assert.match(one.stderr, /partial: B lacks/)
  assert.is(both.status, 0)
  assert.match(both.stdout, /partial: A lacks/)
})

test('the iterations of one run, as JSON, CSV and markdown', async () => {
  const [json, csv, markdown] = await Promise.all([
    bak(at('base'), '--json'),
    bak(at('base'), '--format', 'csv'),
    bak(at('base'), '--format', 'markdown', '--no-resources')
  ])
  const { metrics, groups, resources, tests } = JSON.parse(json.stdout)
  assert.equal([groups.length, metrics.length, tests], [2, 2, 2])
  const [{ against }] = metrics
  assert.equal([against[0].verdict, against[0].samples], ['worse', [6, 6]])
  assert.ok(against[0].ratio.interval[0] < against[0].ratio.ratio && against[0].percent < -40)
  assert.ok(resources.length > 10)
  const [head = '', ...rows] = csv.stdout.trimEnd().split('\n')
  assert.is(rows.length, metrics.length + resources.length)
  for (const row of rows) assert.is(row.split(',').length, head.split(',').length, row)
  assert.match(markdown.stdout, /\*\*worse: fio\.read\.iops, -/)
  assert.match(markdown.stdout, /\| METRIC \| A \| B \|/)
})

test('what is asked for and is not there is said', async () => {
  const words: Array<[string[], RegExp]> = [
    [
      [at('base'), at('same'), '--metric', 'p98'],
      /--metric p98: no such metric is in A and B: they have fio\.read\.iops/
    ],
    [[at('base'), at('same'), '--fail-on', 'p98 > 5%'], /--fail-on p98: no such metric/],
    [[at('base'), at('same'), '--fail-on', 'p99 5'], /not a condition such as/],
    [[at('base'), at('same'), '--threshold', 'x'], /not a percentage/],
    [[at('base'), at('same'), '--despite', 'x'], /"x" is none of roster/],
    [[at('base'), at('same'), '--json', '--format', 'csv'], /two forms/],
    [[`${at('base')}:8k`, at('same')], /no id contains|is missing|has no iteration/]
  ]
  const all = await Promise.all(words.map(([each]) => bak(...each, '--no-resources')))
  for (const [i, { status, stderr, stdout }] of all.entries()) {
    assert.ok(status === 64 || status === 66, `${status} ${stdout}`)
    assert.match(stderr, words[i]?.[1] as RegExp)
    assert.not.match(stderr, /\n {4}at /)
  }
})

test('the result is written to a file, which is named if it cannot be', async () => {
  const [good, bad] = await Promise.all([
    bak(at('base'), at('slow'), '--no-resources', '--output', at('out.txt'), '--fail-on', 'worse'),
    bak(at('base'), at('slow'), '--no-resources', '--output', at('no/out.txt'))
  ])
  assert.equal([good.status, good.stdout], [99, ''])
  assert.match(good.stderr, /worse: fio\.read\.iops of bs=4k/)
  assert.match(readFileSync(at('out.txt'), 'utf8'), /worse: fio\.read\.iops/)
  assert.is(bad.status, 73)
  assert.match(bad.stderr, /out\.txt: no such file or directory/)
})

test.run()
