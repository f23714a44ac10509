/** What other programs get of a result, and that they read it. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { splitCsv } from '../../protocols/csv.ts'
import { SeriesWriter } from '../../protocols/series/write-series.ts'
import { loadResult } from '../helpers/load-result.ts'
import { seriesResult } from '../helpers/series-result.ts'
import { needs, skipWhere } from '../helpers/skip.ts'
import { startBak } from './fake.ts'

const test = suite('exports')
let dir = ''
let folder = ''
test.before(() => {
  dir = mkdtempSync(join(tmpdir(), 'bak-export-'))
  folder = join(dir, 'result')
  seriesResult({ folder, members: 2, iterations: ['4k', '1m'], samples: 2, seconds: 3, persistent: true })
})
test.after(() => rmSync(dir, { recursive: true }))

const bak = (words: string[], env = {}) => startBak(['--home', join(dir, 'none'), ...words], { env }).ended
const exported = async (...words: string[]) => {
  const { status, stdout, stderr } = await bak(['export', folder, ...words])
  assert.is(status, 0, stderr)
  return stdout
}

async function query(sql: string): Promise<Array<Record<string, unknown>>> {
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false'
  })
  const connection = await instance.connect()
  try {
    return (await connection.runAndReadAll(sql)).getRowObjectsJson()
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

test('DuckDB reads in the Parquet what bak metrics prints', async () => {
  const file = join(dir, 'all.parquet')
  await exported('--output', file)
  const rows = await query(`SELECT iteration || '/' || sample AS sample, member, tool, metric, labels, unit,
    min(value) AS min, max(value) AS max, avg(value) AS mean, arg_max(value, timestamp) AS last, count(*) AS count
    FROM '${file}' GROUP BY ALL`)
  const { stdout } = await bak(['metrics', folder, '--json'])
  const printed = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
    .filter(each => each.of === 'tool')
  const keyOf = ({ sample = '/', member, tool, metric, labels }: Record<string, unknown>) =>
    [sample, member, tool, metric, typeof labels === 'string' ? labels : JSON.stringify(labels)].join(' ')
  assert.is(rows.length, printed.length)
  assert.ok(rows.length > 500, `${rows.length}`)
  const found = new Map(rows.map(row => [keyOf(row), row]))
  for (const each of printed) {
    const row = found.get(keyOf(each))
    assert.ok(row != null, keyOf(each))
    assert.equal(
      [row.min, row.max, row.last, row.unit, Number(row.count)],
      [each.min, each.max, each.last, each.unit, each.count]
    )
    assert.ok(Math.abs((row.mean as number) - each.mean) <= 1e-9 * Math.abs(each.mean), keyOf(each))
  }
})

test('each format has the same values at the same times', async () => {
  const file = join(dir, 'same.parquet')
  const chosen = ['--metric', 'cpu.busy', '--member', 'm1', '--sample', '1-4k/sample2']
  await exported('--output', file, ...chosen)
  const [csv, json, metrics] = await Promise.all(
    ['csv', 'json', 'openmetrics'].map(format => exported('--format', format, ...chosen))
  )
  const fromParquet = (
    await query(`SELECT epoch_us(timestamp) AS t, labels, value FROM '${file}' ORDER BY labels, timestamp`)
  ).map(({ t, labels, value }) => [Number(t), labels, value])
  const micros = (text: string) => Date.parse(text) * 1000 + Number(text.slice(-4, -1))
  const [head, ...lines] = (csv as string).trim().split('\n')
  assert.is(head, 'timestamp,iteration,sample,member,tool,metric,labels,unit,value')
  const fromCsv = lines
    .map(line => splitCsv(line) as string[])
    .map(cells => [micros(cells[0] as string), cells[6], Number(cells[8])])
  const fromJson = (json as string)
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
    .map(({ timestamp, labels, value }) => [micros(timestamp), JSON.stringify(labels), value])
  const fromMetrics = [...(metrics as string).matchAll(/^bak_cpu_busy_percent\{.*cpu="(\w+)"\} (\S+) (\S+)$/gm)].map(
    ([, cpu, value, at]) => [Math.round(Number(at) * 1e6), JSON.stringify({ cpu }), Number(value)]
  )
  assert.ok(fromParquet.length > 20)
  assert.equal(fromCsv, fromParquet)
  assert.equal(fromJson, fromParquet)
  assert.equal(fromMetrics, fromParquet)
})

test('times and texts have the types of Parquet that other programs know', async () => {
  const file = join(dir, 'typed.parquet')
  await exported('--output', file, '--metric', 'run.*')
  const columns = await query(`DESCRIBE SELECT * FROM '${file}'`)
  assert.equal(
    columns.map(each => `${each.column_name} ${each.column_type}`),
    [
      'timestamp TIMESTAMP WITH TIME ZONE',
      ...['iteration', 'sample', 'member', 'tool', 'metric', 'labels', 'unit'].map(name => `${name} VARCHAR`),
      'value DOUBLE'
    ]
  )
})

skipWhere(needs('promtool'), test)('promtool makes blocks of the OpenMetrics', async () => {
  const file = join(dir, 'all.om')
  await exported('--format', 'openmetrics', '--output', file)
  const blocks = join(dir, 'blocks')
  execFileSync('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', file, blocks], {
    stdio: 'pipe',
    timeout: 60_000
  })
  assert.ok(readdirSync(blocks).length > 0)
})

test('for pbench each metric is a file beside its tool, a row a time and a column a device', async () => {
  const to = join(dir, 'pbench')
  await exported('--format', 'pbench', '--output', to, '--metric', 'disk.util')
  const text = readFileSync(join(to, '2-1m/sample1/tools-default/m2/iostat/csv/disk.util.csv'), 'utf8')
  assert.match(text, /^timestamp_ms,nvme0n1,sda\n\d{13},[\d.]+,[\d.]+\n/)
  assert.ok(existsSync(join(to, 'tools-default/m1/iostat/csv/disk.util.csv')))
  const again = await bak(['export', folder, '--format', 'pbench', '--output', to])
  assert.equal([again.status, again.stderr], [73, `bak: ${to} is not empty\n`])
})

test('names of others are made harmless in each format', async () => {
  const hostile = join(dir, 'hostile')
  const { samples } = seriesResult({ folder: hostile, members: 1, iterations: ['a'], samples: 1, seconds: 1 })
  const step = samples[0]?.step
  const path = join(hostile, '1-a/sample1/series/m1/series.parquet')
  rmSync(path)
  const info = {
    run: '20261122T213015-k3f9ab',
    member: 'm1',
    clock: { offset: 0, bound: 1, at: 1 },
    began: 1,
    ...(step && { step })
  }
  const writer = new SeriesWriter(path, info)
  const labels = { 'a-b': '"}\\\n', a_b: '../..', member: 'forged' }
  const series = writer.series({ tool: 'x', metric: '=cmd("/../x,y', labels, unit: '', kind: 'gauge' }) as number
  writer.add(series, 1_795_383_015_000, 1)
  writer.finish([])
  const of = (format: string, ...more: string[]) => bak(['export', hostile, '--format', format, ...more])
  const [csv, json, metrics] = await Promise.all(['csv', 'json', 'openmetrics'].map(format => of(format)))
  assert.match(csv?.stdout as string, /,x,"'=cmd\(""\/\.\.\/x,y",/)
  assert.is(JSON.parse(json?.stdout as string).labels['a-b'], '"}\\\n')
  assert.match(
    metrics?.stdout as string,
    /\nbak_cmd_x_y\{iteration="1-a",sample="sample1",member="m1",tool="x",a_b="\\"\}\\\\\\n",a_b_2="\.\.\/\.\.",member_2="forged"\} 1 /
  )
  const to = join(dir, 'hostile-pbench')
  await of('pbench', '--output', to)
  assert.equal(readdirSync(join(to, '1-a/sample1/tools-default/m1/x/csv')), ['_cmd___.._x_y.csv'])
})

test('a file that cannot be read is named, and the exit status is 2', async () => {
  const broken = join(dir, 'broken')
  seriesResult({ folder: broken, members: 2, iterations: ['a'], samples: 1, seconds: 1 })
  truncateSync(join(broken, '1-a/sample1/series/m1/series.parquet'), 500)
  for (const command of ['export', 'metrics']) {
    const { status, stdout, stderr } = await bak([command, broken, '--metric', 'cpu.busy'])
    assert.is(status, 2)
    assert.match(stderr, /^bak: series of m1 cannot be read: .*series\.parquet: is no Parquet file, or was cut off\n$/)
    assert.match(stdout, /m2/)
  }
})

const mistakes: Array<[words: string[], says: RegExp]> = [
  [['--format', 'xml'], /^bak: --format xml: expected parquet, csv, json, pbench, openmetrics\n$/],
  [['--format', 'parquet'], /^bak: --format parquet writes a file: --output FILE\n$/],
  [['--format', 'pbench'], /^bak: --format pbench writes a folder: --output FOLDER\n$/],
  [['--format', 'pbench', '--output', '/proc/d'], /^bak: \/proc\/d: no such file or directory\n$/],
  [['--member', 'm1,zz'], /^bak: zz: not in \S+, which has m1, m2\n$/],
  [['--output', '/nowhere/x.csv'], /^bak: cannot write \/nowhere\/x\.csv: no such file or directory; --output FILE/],
  [
    ['--output', '/nowhere/x.parquet'],
    /^bak: cannot write \/nowhere\/x\.parquet: no such file or directory; --output FILE/
  ]
]
for (const [words, says] of mistakes)
  test(`${words.join(' ')} is refused in a line`, async () => {
    const { status, stderr } = await bak(['export', folder, ...words])
    assert.match(stderr, says)
    assert.ok([64, 73, 74].includes(status as number), `${status}`)
  })

test('a file whose name is of no format is CSV, which is said', async () => {
  const { status, stderr } = await bak(['export', folder, '--output', join(dir, 'x.xlsx')])
  assert.is(status, 0)
  assert.match(stderr, /x\.xlsx, as CSV, since its name is of no format\n$/)
})

test('a million values are exported in little memory', async () => {
  const large = join(dir, 'large')
  const { samples } = seriesResult({ folder: large, members: 1, iterations: ['a'], samples: 1, seconds: 1 })
  const [{ step, began } = { step: { number: 1, name: 'a', sample: 1 }, began: 0 }] = samples
  const info = { run: '20261122T213015-k3f9ab', member: 'm1', step, clock: { offset: 0, bound: 1, at: 1 }, began }
  const writer = new SeriesWriter(join(large, '1-a/sample1/series/m1/series.parquet'), info)
  const all = Array.from({ length: 100 }, (_, i) =>
    writer.series({ tool: 'proc', metric: 'cpu.busy', labels: { cpu: `${i}` }, unit: '%', kind: 'gauge' })
  )
  for (let t = 0; t < 10_000; t++) for (const each of all) writer.add(each as number, began + t * 100, t)
  writer.finish([])
  for (const format of ['csv', 'parquet']) {
    const output = join(dir, `large.${format}`)
    const heap = { NODE_OPTIONS: '--max-old-space-size=48' }
    const { status, stderr } = await bak(['export', large, '--output', output], heap)
    assert.equal([status, stderr], [0, `1000000 values of 100 series of 20261122T213015-k3f9ab are in ${output}\n`])
    assert.not.ok(existsSync(`${output}.part`))
  }
  assert.equal(
    await query(`SELECT count(*) AS n, count(DISTINCT labels) AS series FROM '${join(dir, 'large.parquet')}'`),
    [{ n: '1000000', series: '100' }]
  )
})

const withTasks = () => {
  const tasks = join(dir, 'tasks')
  if (!existsSync(tasks)) loadResult({ folder: tasks, members: 2, samples: 2, seconds: 6, stall: { at: 4, ms: 350 } })
  return tasks
}
const exportedOfTasks = async (...words: string[]) => {
  const { status, stdout, stderr } = await bak(['export', withTasks(), ...words])
  assert.is(status, 0, stderr)
  return stdout
}
const cellsOf = (csv: string) =>
  csv
    .trim()
    .split('\n')
    .map(line => splitCsv(line) ?? [])

test('tasks are among the series, by the second, of all members together and of each', async () => {
  const chosen = ['--tool', 'load', '--metric', 'latency.max', '--sample', '1-default/sample1']
  const [csv, json, metrics] = await Promise.all(
    ['csv', 'json', 'openmetrics'].map(format => exportedOfTasks('--format', format, ...chosen))
  )
  const [head, ...rows] = cellsOf(csv as string)
  assert.equal(head?.slice(3, 7), ['member', 'tool', 'metric', 'labels'])
  assert.equal(
    [...new Set(rows.map(row => `${row[3]} ${row[6]}`))],
    [
      ...[' {"task":"index"}', 'm1 {"task":"index"}', 'm2 {"task":"index"}'],
      ...[' {"task":"search"}', 'm1 {"task":"search"}', 'm2 {"task":"search"}'],
      ...[' {"task":"update"}', 'm1 {"task":"update"}', 'm2 {"task":"update"}']
    ]
  )
  const file = JSON.parse(readFileSync(join(withTasks(), '1-default/sample1/tasks.json'), 'utf8'))
  const search = rows.filter(row => row[3] === '' && row[6] === '{"task":"search"}')
  assert.equal(
    search.map(row => Number(row[8])),
    file.tasks[1].seconds.latency.max
  )
  assert.is(
    Date.parse(search[0]?.[0] as string),
    file.elements[1].at + 500,
    'a row stands for the middle of its second'
  )
  assert.is((json as string).trim().split('\n').length, rows.length)
  assert.match(
    metrics as string,
    /^bak_latency_max_milliseconds\{iteration="1-default",sample="sample1",tool="load",task="search"\} [\d.]+ \d+\.500000$/m
  )
  const ofMember = await exportedOfTasks(...chosen, '--member', 'm2')
  assert.equal(
    [
      ...new Set(
        cellsOf(ofMember)
          .slice(1)
          .map(row => row[3])
      )
    ],
    ['m2']
  )
})

test('latencies of tasks by percentile are rows, which end with the greatest', async () => {
  const file = JSON.parse(readFileSync(join(withTasks(), '1-default/sample2/tasks.json'), 'utf8'))
  const csv = await exportedOfTasks('--percentiles', '--sample', '1-default/sample2')
  const [head, ...rows] = cellsOf(csv)
  assert.is(head?.join(), 'iteration,sample,task,member,time,percentile,value_ms,requests')
  const of = (time: string) => rows.filter(row => row[2] === 'search' && row[3] === '' && row[4] === time)
  for (const [time, key] of [
    ['latency', 'latency'],
    ['service_time', 'service'],
    ['processing_time', 'processing']
  ] as const) {
    const { percentiles } = file.tasks[1][key]
    const found = new Map(of(time).map(row => [String(Number(row[5])), Number(row[6])]))
    for (const [percentile, value] of Object.entries(percentiles))
      assert.is(found.get(percentile), value, `${time} ${percentile}`)
    assert.is(Number(of(time).at(-1)?.[5]), 100)
    assert.equal(
      of(time).map(row => Number(row[6])),
      of(time)
        .map(row => Number(row[6]))
        .sort((a, b) => a - b)
    )
  }
  assert.is(Number(of('latency')[0]?.[7]), file.tasks[1].samples)
  const json = await exportedOfTasks(
    '--percentiles',
    '--format',
    'json',
    '--sample',
    '1-default/sample2',
    '--member',
    'm1'
  )
  const parsed = json
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  assert.equal([...new Set(parsed.map(({ member }) => member))], ['m1'])
  assert.equal([...new Set(parsed.map(({ time }) => time))], ['latency', 'service_time', 'processing_time'])
})

for (const [words, said] of [
  [['--percentiles', '--format', 'openmetrics'], /--percentiles is of csv and json, not of openmetrics/],
  [['--percentiles', '--metric', 'cpu.*'], /--percentiles has no --metric/]
] as const)
  test(`${words.join(' ')} is refused`, async () => {
    const { status, stderr } = await bak(['export', withTasks(), ...words])
    assert.is(status, 64)
    assert.match(stderr, said)
  })

test.run()
