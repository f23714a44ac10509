/** Which files of a workload are read, by which reader, and what hostile ones come to. */
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readers } from '../../../node/work/results/index.ts'
import { OutputText } from '../../../node/work/results/output-text.ts'
import { statedIn } from '../../../node/work/stated/stated-in.ts'
import { check } from '../../../protocols/codec.ts'
import { MAX_METRICS, metrics as schema } from '../../../protocols/metric.ts'
import { RESULT_READERS, type Results } from '../../../protocols/workload-results.ts'
import { scratch } from '../../store/scratch.ts'
import { foundIn } from './found-in.ts'

const test = suite('results of benchmarks')

const golden = (file: string) => `test/golden/results/${file}`
const MIB = 1024 * 1024

/** @param files what a workload left: names, and golden files or texts */
function leftBy(files: Record<string, string>, results?: Results) {
  const folder = scratch()
  for (const [name, content] of Object.entries(files)) {
    if (/^[\w-]+\.(txt|json|csv)$/.test(content)) copyFileSync(golden(content), join(folder, name))
    else writeFileSync(join(folder, name), content)
  }
  return statedIn(folder, results)
}

const names = ({ metrics }: Awaited<ReturnType<typeof statedIn>>) => metrics.map(({ name }) => name)

test('stdout and stderr are each read by what they look like, beside what the workload says itself', async () => {
  const said = await leftBy({ 'stdout.txt': 'wrk.txt', 'stderr.txt': 'perf-stat.csv' })
  assert.ok(names(said).includes('wrk.requests'))
  assert.ok(names(said).includes('perf-stat.page-faults'))
  const lines = `#BAK:METRIC mine=1 s less\n${readFileSync(golden('pgbench.txt'), 'utf8')}`
  assert.equal(names(await leftBy({ 'stdout.txt': lines })).slice(0, 2), ['mine', 'pgbench.failed'])
})

test('a text that two programs could have printed is read by none', async () => {
  const both = readFileSync(golden('wrk.txt'), 'utf8') + readFileSync(golden('pgbench.txt'), 'utf8')
  assert.equal(await leftBy({ 'stdout.txt': both }), { metrics: [], warnings: [] })
  const said = await leftBy({ 'stdout.txt': both }, [{ reader: 'wrk' }, { reader: 'pgbench' }])
  assert.ok(['wrk.requests', 'pgbench.tps'].every(each => names(said).includes(each)))
})

test('a long output is recognized by its begin and by its end', async () => {
  const noise = 'nothing of note\n'.repeat(20_000)
  const wrk = readFileSync(golden('wrk.txt'), 'utf8')
  for (const text of [wrk + noise, noise + wrk])
    assert.ok(names(await leftBy({ 'stdout.txt': text })).includes('wrk.requests'))
  assert.equal(names(await leftBy({ 'stdout.txt': noise + wrk + noise })), [])
  assert.ok(names(await leftBy({ 'stdout.txt': noise + wrk + noise }, [{ reader: 'wrk' }])).includes('wrk.requests'))
})

test('none is read where the spec says none', async () => {
  assert.equal(await leftBy({ 'stdout.txt': 'wrk.txt' }, 'none'), { metrics: [], warnings: [] })
})

test('a named reader reads stdout, else stderr, or the file that is named', async () => {
  const stderr = await leftBy({ 'stdout.txt': 'hello\n', 'stderr.txt': 'stress-ng-brief.txt' }, [
    { reader: 'stress-ng' }
  ])
  assert.equal(names(stderr), ['stress-ng.cpu.ops', 'stress-ng.cpu.ops.cpu'])
  const named: Results = [{ reader: 'hyperfine', file: 'h.json' }]
  const file = await leftBy({ 'stdout.txt': 'hyperfine.txt', 'h.json': 'hyperfine-parameters.json' }, named)
  assert.is(file.metrics[0]?.value, 0.0114801146666667)
  assert.equal(await leftBy({ 'stdout.txt': 'hyperfine.txt' }, named), { metrics: [], warnings: [] })
})

test('an error that a benchmark states is a failure, whatever its exit status is', async () => {
  const { error } = await leftBy({ 'stdout.txt': 'iperf3-error.json' })
  assert.is(error, 'iperf3: unable to connect to server: Connection refused')
})

test('an error is as long as one may be, and has no characters that a terminal obeys', async () => {
  const json = JSON.stringify({ start: { version: 'iperf 3.12' }, error: `\u001b[2J${'x'.repeat(MIB)}` }, null, 1)
  const { error = '' } = await leftBy({ 'stdout.txt': json })
  assert.ok(error.startsWith('iperf3:  [2Jxxx') && error.length === 512, error.slice(0, 40))
})

test('links, folders and files of more than 16 MiB are named, and not read', async () => {
  const folder = scratch()
  symlinkSync('/etc/passwd', join(folder, 'link'))
  mkdirSync(join(folder, 'folder'))
  writeFileSync(join(folder, 'large'), Buffer.alloc(16 * MIB + 1, 'x'))
  const sources = ['link', 'folder', 'large'].map(file => ({ reader: 'fio' as const, file }))
  assert.equal((await statedIn(folder, sources)).warnings, [
    'results of fio in link: it is a link',
    'results of fio in folder: it is no regular file',
    'results of fio in large: it has more than 16 MiB'
  ])
})

test('what a reader cannot read is named with the file', async () => {
  const cut = readFileSync(golden('fio-json.json'), 'utf8').slice(0, 3000)
  assert.equal((await leftBy({ 'stdout.txt': cut })).warnings, [
    'results of fio in stdout.txt: its JSON has no end: it is cut'
  ])
})

test('more jobs than a result has metrics are one warning', async () => {
  const jobs = Array.from({ length: 100 }, (_, groupid) => {
    const read = { total_ios: 1, iops: 1, bw_bytes: 1 }
    return { jobname: `j${groupid}`, groupid, read }
  })
  const { metrics, warnings } = await leftBy({ 'stdout.txt': JSON.stringify({ 'fio version': 'x', jobs }) })
  assert.is(metrics.length, MAX_METRICS)
  assert.is(warnings.length, 1)
})

const line = 'ab {"c": "1.5 ms" [SUM] 0.00-1.00 sec 1=2: (x) % | k '
const hostile: Array<[string, string]> = [
  ['one line', line.repeat((2 * MIB) / line.length)],
  ['lines of a word', 'a\n'.repeat(MIB)],
  ['lines of spaces', `${' '.repeat(1023)}\n`.repeat(2048)],
  ['lines of digits', `${'1'.repeat(1023)}\n`.repeat(2048)],
  ['open braces', '{\n'.repeat(MIB)],
  ['braces in a line', '{'.repeat(2 * MIB)],
  ['nested lists', `{"fio version":"x","jobs":${'['.repeat(2 * MIB)}`],
  ['carriage returns', '\r'.repeat(2 * MIB)],
  ['commas and quotes', `"test","rps","avg_latency_ms"\n${'","'.repeat(300)}\n`.repeat(2048)]
]
for (const [what, text] of hostile) {
  test(`2 MiB of ${what} are read by any reader in little time`, () => {
    const output = new OutputText(text)
    for (const each of RESULT_READERS) {
      const began = performance.now()
      readers[each].claims(output)
      foundIn(each, text)
      // the bound of lines is one second; the rest is room for a machine at work
      assert.ok(performance.now() - began < 4_000, `${each}: ${performance.now() - began} ms`)
    }
  })
}

test('whatever is changed in an output, metrics are within their bounds', () => {
  const files = RESULT_READERS.flatMap(reader =>
    [`${reader}.txt`, `${reader}.json`, `${reader}.csv`, `${reader}-tcp.json`, `${reader}-cpu.txt`].flatMap(file => {
      try {
        return [{ reader, text: readFileSync(golden(file), 'latin1').slice(0, 20_000) }]
      } catch {
        return []
      }
    })
  )
  const change = fc.record({
    at: fc.nat(20_000),
    length: fc.nat(200),
    put: fc.oneof(fc.string(), fc.constantFrom('1e999', '-1', '"', '{', 'nan', '\n'))
  })
  fc.assert(
    fc.property(fc.constantFrom(...files), fc.array(change, { maxLength: 5 }), ({ reader, text }, changes) => {
      const changed = changes.reduce(
        (all, { at, length, put }) => all.slice(0, at) + put + all.slice(at + length),
        text
      )
      const { metrics, warnings } = foundIn(reader, changed)
      check(schema, metrics, 'bad-message')
      assert.ok(warnings.length <= 9)
    })
  )
})

test.run()
