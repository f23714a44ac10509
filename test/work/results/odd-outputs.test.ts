/** Outputs of benchmarks that are not as usual: older ones, cut ones, of several runs, with names of all kinds. */
import { readFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { wordOf } from '../../../node/work/results/result-reader.ts'
import { foundIn, valuesIn } from './found-in.ts'

const golden = (file: string) => readFileSync(`test/golden/results/${file}`, 'utf8')
type Job = { jobname: string; groupid: number; error?: number; iops: number; mean: number; p99: number; ios: number }

/** @returns JSON of fio with jobs that read */
const fioOf = (...jobs: Job[]) =>
  JSON.stringify({
    'fio version': 'fio-3.33',
    jobs: jobs.map(({ jobname, groupid, error = 0, iops, mean, p99, ios }) => {
      const clat_ns = { max: 2 * p99, mean, N: ios, percentile: { '99.000000': p99 } }
      return { jobname, groupid, error, read: { total_ios: ios, iops, bw_bytes: iops * 4096, clat_ns } }
    })
  })
const job = (jobname: string, groupid: number, more: Partial<Job> = {}): Job => ({
  ...{ jobname, groupid, iops: 100, mean: 1e6, p99: 4e6, ios: 100 },
  ...more
})

test('jobs of fio that run together are one: their throughputs summed, the mean weighed, the largest percentile', () => {
  assert.equal(valuesIn('fio', fioOf(job('a', 0), job('b', 0, { iops: 300, mean: 3e6, p99: 8e6, ios: 300 }))), {
    ...{ 'read.iops': 400, 'read.bw': 400 * 4096, 'read.clat.mean': 2.5, 'read.clat.p99': 8, 'read.clat.max': 16 }
  })
})

test('jobs of fio that run one after the other have no sum: each group has the name of its first job', () => {
  const values = valuesIn('fio', fioOf(job('a', 0), job('b b', 1, { iops: 7 }), job('c', 1, { iops: 8 })))
  assert.equal([values['a.read.iops'], values['b_b.read.iops'], values['read.iops']], [100, 15, undefined])
})

test('a job of fio with an error is a failure, and its numbers stay', () => {
  const { error, metrics } = foundIn('fio', fioOf(job('a', 0, { error: 5 })))
  assert.is(error, 'job a ended with error 5')
  assert.is(metrics.length, 5)
})

test('two runs of fio in one output are two groups', () => {
  const values = valuesIn('fio', `${fioOf(job('a', 0))}\n${fioOf(job('b', 0))}\n`)
  assert.equal([values['a.read.iops'], values['b.read.iops']], [100, 100])
})

test('fields of another type are left out', () => {
  const odd = { 'fio version': 1, jobs: [null, 5, { read: { total_ios: 1, iops: '7', clat_ns: [], bw_bytes: null } }] }
  assert.equal(foundIn('fio', JSON.stringify(odd)), { metrics: [], warnings: [], error: undefined, thrown: undefined })
  assert.equal(valuesIn('iperf3', '{"start":{"version":"iperf 3.1"},"end":{"sum_sent":7,"streams":{"a":1}}}'), {})
})

const inFio = (jobs: string) => `{"fio version": "fio-3.33", "jobs": ${jobs}}`
const tooMuch: Array<[what: string, text: string, why: RegExp]> = [
  ['lists in each other', inFio(`${'['.repeat(1e6)}${']'.repeat(1e6)}`), /more than 64 deep/],
  ['objects in each other', inFio(`${'{"a":'.repeat(1e5)}1${'}'.repeat(1e5)}`), /more than 64 deep/],
  ['millions of numbers', inFio(`[${'1,'.repeat(3e6)}1]`), /more than 1000000 values/],
  ['millions of objects', inFio(`[${'{},'.repeat(3e6)}{}]`), /more than 1000000 values/]
]
/** Others may have the processor meanwhile. */
function processorMs(began: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(began)
  return (user + system) / 1000
}

for (const [what, text, why] of tooMuch)
  test(`JSON with ${what} is not taken apart: the daemon does nothing else meanwhile`, () => {
    const began = process.cpuUsage()
    assert.match(foundIn('fio', text).thrown ?? '', why)
    assert.ok(processorMs(began) < 2_000)
  })

test('signs in texts of JSON are no values, and lists beside each other are not deep', () => {
  const [one] = JSON.parse(fioOf(job('a', 0))).jobs
  const jobs = [{ ...one, bins: Array(5_000).fill([[1]]), note: '[{,'.repeat(1e6) }]
  assert.is(valuesIn('fio', JSON.stringify({ 'fio version': 'fio-3.33', jobs }))['read.iops'], 100)
})

test('values that take too long are not read to their end', () => {
  const jobs = Array.from({ length: 60_000 }, (_, i) => ({
    jobname: `j${i}`,
    groupid: i,
    read: { total_ios: 1, iops: 1, bw: 3 }
  }))
  const began = process.cpuUsage()
  const { metrics, thrown } = foundIn('fio', JSON.stringify({ 'fio version': 'fio-3.33', jobs }))
  // a fast machine may read all of them in that time
  assert.match(thrown ?? 'none', /^none$|its values take longer than 1000 ms: the rest is not read/)
  assert.is(metrics.length, 128)
  assert.ok(processorMs(began) < 8_000)
})

test('JSON that is cut is said to be cut', () => {
  const cut = golden('fio-json.json').slice(0, 5000)
  assert.equal(foundIn('fio', cut).thrown, 'its JSON has no end: it is cut')
})

test('wrk: errors of all kinds are one number', () => {
  const text = golden('wrk.txt').replace(
    'Requests/sec',
    '  Socket errors: connect 1, read 20, write 300, timeout 4000\nRequests/sec'
  )
  assert.is(valuesIn('wrk', text.replace('Requests/sec', '  Non-2xx or 3xx responses: 5\nRequests/sec')).errors, 4326)
})

test('pgbench before PostgreSQL 14: the rate without the time to connect is taken', () => {
  const text = `transaction type: <builtin: TPC-B (sort of)>
latency average = 1.500 ms
tps = 100.5 (including connections establishing)
tps = 120.25 (excluding connections establishing)
`
  assert.equal(valuesIn('pgbench', text), { 'latency.mean': 1.5, tps: 120.25 })
})

test('sysbench with transactions: rates of all of them, and of errors', () => {
  const text = `sysbench 1.0.20 (using system LuaJIT 2.1.0-beta3)
SQL statistics:
    queries performed:
        read:                            14000
    transactions:                        1000   (99.95 per sec.)
    queries:                             20000  (1998.93 per sec.)
    ignored errors:                      2      (0.20 per sec.)
    reconnects:                          0      (0.00 per sec.)
General statistics:
    total time:                          10.0000s
    total number of events:              1000
`
  const expected = { transactions: 99.95, queries: 1998.93, errors: 0.2, reconnects: 0, events: 100 }
  assert.equal(valuesIn('sysbench', text), expected)
})

test('perf stat by processor is summed, with what stands between its digits', () => {
  const csv =
    '# started on now\n\nCPU0,1500.50,msec,cpu-clock,1,100.00,1.0,CPUs\nCPU1,500.25,msec,cpu-clock,1,100.00,,\n'
  assert.equal(valuesIn('perf-stat', csv), { 'cpu-clock': 2000.75 })
  const text =
    " Performance counter stats for 'x':\n\n     1,234,567      cycles:u                  #    1.2 GHz   (50.00%)\n"
  assert.equal(valuesIn('perf-stat', text), { cycles_u: 1234567 })
})

test('redis-benchmark with names of tests that have spaces', () => {
  const csv = '"test","rps","avg_latency_ms","p50_latency_ms"\n"LRANGE_100 (first 100 elements)","7.5","0.1","0.2"\n'
  const name = 'LRANGE_100_first_100_elements'
  assert.equal(valuesIn('redis-benchmark', csv), {
    [`${name}.requests`]: 7.5,
    [`${name}.latency.mean`]: 0.1,
    [`${name}.latency.p50`]: 0.2
  })
})

test('hyperfine: commands that are called alike have numbers', () => {
  const results = ['a b', 'a/b', 'c'].map(command => ({ command, mean: 1, times: [1] }))
  assert.equal(Object.keys(valuesIn('hyperfine', JSON.stringify({ results }))), ['1.mean', '2.mean', 'c.mean'])
})

test('a word that is too long ends in a digest of itself', () => {
  const [one, other] = ['x', 'y'].map(end => wordOf(`${'job '.repeat(20)}${end}`)) as [string, string]
  assert.is(one.length, 32)
  assert.is.not(one, other)
  assert.is(one.slice(0, 27), other.slice(0, 27))
  assert.equal(['read', ' a  b ', '--x', '%'].map(wordOf), ['read', 'a_b', 'x', ''])
})

test.run()
