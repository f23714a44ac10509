/** How what benchmarks print at intervals, their logs and the samples of a workload become series. */
import { readFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fioLog } from '../../../node/work/intervals/fio-log.ts'
import { intervalReaders } from '../../../node/work/intervals/index.ts'
import { printed } from '../../../node/work/intervals/printed.ts'
import { rawRequests } from '../../../node/work/intervals/raw-requests.ts'
import { samples } from '../../../node/work/intervals/samples.ts'
import { linesOf, RAW_HEADER } from '../../../node/work/tasks/raw-lines.ts'
import { FLAGS, packColumns } from '../../../protocols/tasks/sample-block.ts'
import { readBy } from '../../tools/readers/read.ts'

const BEGAN = 1_796_009_000_000
const golden = (file: string) => readFileSync(`test/golden/results/${file}`, 'utf8')
const read = (text: string) => readBy(printed, 'stdout.txt', text, { began: BEGAN })
const at = (...ms: number[]) => ms.map(each => BEGAN + each)

test('sysbench with a report interval', () => {
  const found = read(golden('sysbench-cpu.txt'))
  assert.equal(found.names(), ['sysbench.events', 'sysbench.latency.p99'])
  assert.equal(found.times('sysbench.events'), at(1000, 2000))
  assert.equal(found.values('sysbench.events'), [8380.72, 8374.55])
  assert.equal(found.values('sysbench.latency.p99'), [0.36, 0.35])
})

test('other tests of sysbench print other words', () => {
  const found = read(
    '[ 10s ] thds: 4 tps: 99.95 qps: 1998.93 (r/w/o: 1399.25/399.79/199.89) lat (ms,95%): 45.79 err/s: 0.10 reconn/s: 0.00\n' +
      '[ 11s ] reads: 2.00 MiB/s writes: 1.00 MiB/s fsyncs: 300.50/s latency (ms,95%): 0.010\n' +
      '[ 12s ] 512.00 MiB/sec\n'
  )
  const values = Object.fromEntries(found.names().map(name => [name.replace('sysbench.', ''), found.values(name)]))
  assert.equal(values, {
    ...{ transactions: [99.95], queries: [1998.93], errors: [0.1], reconnects: [0] },
    ...{ 'read.bw': [2 * 1024 ** 2], 'write.bw': [1024 ** 2], fsyncs: [300.5], 'memory.bw': [512 * 1024 ** 2] },
    'latency.p95': [45.79, 0.01]
  })
})

test('progress of pgbench, by the time since its begin or since 1970', () => {
  const found = read(golden('others/pgbench-progress.txt'))
  assert.equal(found.times('pgbench.tps'), at(1000, 2000))
  assert.equal(found.values('pgbench.tps'), [2112.8, 2186])
  assert.equal(found.values('pgbench.latency.mean'), [1.867, 1.815])
  assert.equal(found.values('pgbench.failed'), [0, 0])
  const stamped = read('progress: 1796009334.500 s, 5.0 tps, lat NaN ms stddev NaN\n')
  assert.equal([stamped.times('pgbench.tps'), stamped.names()], [[1_796_009_334_500], ['pgbench.tps']])
})

test('intervals of iperf3 in its JSON: of all streams together, between lines of others', () => {
  const found = read(`hello\n${golden('iperf3-tcp.json')}\n${golden('fio-json.json')}`)
  const name = 'iperf3.bitrate{kind=forward}'
  assert.equal(found.names(), [name, 'iperf3.retransmits{kind=forward}'])
  assert.equal(found.times(name), at(1001.437, 2000.253))
  assert.equal(found.values(name, 0), [19653530404, 17584467775])
  assert.equal(found.values('iperf3.retransmits{kind=forward}'), [2, 4])
  assert.equal(read(golden('iperf3-bidir.json')).names('bitrate'), [name, 'iperf3.bitrate{kind=reverse}'])
})

test('intervals that iperf3 prints: of one stream its own, of several their sum, and not the end', () => {
  const one = read(golden('iperf3-tcp.txt'))
  assert.equal(one.times('iperf3.bitrate{kind=forward}'), at(1000, 2000))
  assert.equal(one.values('iperf3.bitrate{kind=forward}'), [16e9, 15.9e9])
  assert.equal(one.values('iperf3.retransmits{kind=forward}'), [1, 10])
  const sum = read(golden('iperf3-sum.txt'))
  assert.equal(sum.values('iperf3.bitrate{kind=forward}'), [13.1e9])
  assert.equal(sum.values('iperf3.retransmits{kind=forward}'), [11])
  const udp = read(golden('iperf3-udp.txt'))
  assert.equal([udp.names(), udp.values('iperf3.bitrate{kind=forward}')], [['iperf3.bitrate{kind=forward}'], [20.2e6]])
})

test('one that was killed has its last interval', () => {
  const killed = golden('iperf3-tcp.txt').split('\n').slice(0, 5).join('\n')
  assert.equal(read(`${killed}\n`).values('iperf3.bitrate{kind=forward}'), [16e9, 15.9e9])
})

test('logs of fio: by direction and job, in bytes, /s and ms', () => {
  const log = (kind: string, about = {}) =>
    readBy(fioLog, `fio_${kind}.1.log`, golden(`others/fio_${kind}.1.log`), { began: BEGAN, ...about })
  const bw = log('bw')
  assert.equal(bw.times('fio.read.bw{job=1}'), at(500, 1001, 1500))
  assert.equal(bw.values('fio.write.bw{job=1}'), [41640 * 1024, 48640 * 1024, 45002 * 1024])
  assert.equal(log('iops').values('fio.read.iops{job=1}'), [10304, 12406, 11132])
  assert.equal(log('clat').values('fio.read.clat{job=1}', 6), [0.076056, 0.067295, 0.071188, 0.057913])
  assert.equal(log('clat').series.get('fio.read.clat{job=1}')?.unit, 'ms')
})

test('a log of fio with times since 1970, and lines that are none', () => {
  const found = readBy(fioLog, 'x_iops.log', '1796009334500, 7, 2, 0, 0\nhello\n1, 2\n1, x, 0\n', { began: BEGAN })
  assert.equal(found.times('fio.trim.iops'), [1_796_009_334_500])
  assert.equal(found.bad.length, 3)
})

test('samples are at their times, which are on the clock of the controller', () => {
  const line = (more: object) =>
    JSON.stringify({ at: BEGAN, type: 'sample', name: 'depth', value: 4, unit: 'jobs', ...more })
  const text = [
    line({}),
    line({ type: 'period', edge: 'begin' }),
    'oops',
    line({ at: BEGAN + 5, value: 5 }),
    line({ value: 'x' }),
    ''
  ]
  const found = readBy(samples, 'metrics.ndjson', text.join('\n'), { offset: 250 })
  assert.equal([...found.series], [['depth', { unit: 'jobs', t: at(250, 255), v: [4, 5] }]])
})

test('more names than a file may have are said to be too many', () => {
  const text = Array.from({ length: 1002 }, (_, i) =>
    JSON.stringify({ at: 1, type: 'sample', name: `n${i}`, value: 1 })
  )
  const found = readBy(samples, 'metrics.ndjson', `${text.join('\n')}\n`)
  assert.equal([found.series.size, found.bad.length], [1000, 2])
})

test('each file of an instance has one reader at most', () => {
  const fits = (file: string) =>
    intervalReaders.filter(({ files }) =>
      files.some(each => (typeof each === 'string' ? each === file : each.test(file)))
    )
  assert.equal(
    ['stdout.txt', 'stderr.txt', 'metrics.ndjson', 'a_lat.2.log', 'a_bw.log'].map(each => fits(each).length),
    [1, 1, 1, 1, 1]
  )
  assert.equal(
    ['times.txt', 'out.json', 'a_clat_hist.1.log', '_bw.log'].map(each => fits(each).length),
    [0, 0, 0, 0]
  )
})

test('requests that the driver of load kept, with the task, the client and whether they are warm-up', () => {
  const of = (...values: number[]) => Float64Array.from(values)
  const columns = packColumns({
    ...{ client: Uint32Array.of(7, 3), flags: Uint8Array.of(FLAGS.warmup, FLAGS.failed), kind: Uint8Array.of(0, 1) },
    ...{ due: of(0, 10), sent: of(1, 12.5), latency: of(3, 6.5), service: of(2, 4), processing: of(2.25, 4.5) },
    weight: of(1, 0)
  })
  const kinds = ['timeout', 'status 503, "busy"']
  const lines = linesOf({ element: 1, task: 'read', samples: 2, columns, kinds, unit: 'ops' }, BEGAN)
  assert.ok(
    lines.endsWith('.500,1,read,3,normal,10.000,12.500,6.500,4.000,4.500,0,ops,"status 503, ""busy"""\n'),
    lines
  )
  const found = readBy(rawRequests, 'samples.csv', `${RAW_HEADER}\n${lines}`, { began: 0 })
  assert.is(found.names().length, 6)
  assert.equal(found.values('latency{client=7,task=read,type=warmup}'), [3])
  assert.equal(found.times('service{client=3,task=read,type=normal}'), [BEGAN + 16.5])
  assert.equal(found.values('processing{client=3,task=read,type=normal}'), [4.5])
  assert.equal(readBy(rawRequests, 'samples.csv', 'a,b\n1,2\n', { began: 0 }).names(), [])
})

test.run()
