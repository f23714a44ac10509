/** What tools wrote becomes numbers that other programs read: real daemons, and DuckDB. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openSeries } from '../../protocols/series/read-series.ts'
import { checkTool } from '../helpers/check-tool.ts'
import { record, useTestnet } from '../helpers/mesh.ts'
import { needs, skipWhere } from '../helpers/skip.ts'

const series = suite('series of a run')
const net = useTestnet(series, { peers: ['a', 'b'] })
let folder = ''
series.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'bak-series-'))
})
series.after(() => rmSync(folder, { recursive: true, force: true }))

/** A clock that prints, half of its lines with a mistake. */
const LOOP = 'while :; do echo "$(date +%s.%N),q1,$((n=n+1))"; echo "soon,q1,1"; sleep 0.2; done'
const FILE = `
sysinfo = "none"
tools = ["queues", "whole"]
command = ["sleep", "1.5"]
[tool.queues]
command = ["sh", "-c", '''echo time,queue,depth; ${LOOP}''']
read = [{ format = "csv", time = "time", labels = ["queue"], units = { depth = "B" } }]
[tool.whole]
command = ["sh", "-c", '''echo time,queue,depth; ${LOOP}''']
lifetime = "persistent"
read = [{ format = "csv", time = "time", labels = ["queue"] }]
`

series(
  'are in the result of each member, signed like all that it sends, and DuckDB reads the same from them',
  async () => {
    const file = join(folder, 'run.toml')
    writeFileSync(file, FILE)
    const { status, stdout, stderr } = await net().bak('a', ['run', '--json', file])
    assert.is(status, 0, stderr)
    const { run } = JSON.parse(stdout.split('\n')[0] as string)
    assert.match(
      stdout,
      /series: tools-default\/queues\/queues-stdout.txt, line 3 and \d+ more: time: \\"soon\\" is no time in s/
    )
    const result = join(net().peer('a').home, 'runs', run)
    const { began } = { began: record(net(), 'a', run).created }
    const files = Object.keys(record(net(), 'a', run).files ?? {}).filter(path => path.endsWith('.parquet'))
    assert.equal(files.sort(), [
      ...['a', 'b'].map(name => `1-default/sample1/series/${name}/series.parquet`),
      ...['a', 'b'].map(name => `series/${name}/series.parquet`)
    ])
    const verified = await net().bak('b', ['verify', result])
    assert.is(verified.status, 0, verified.stdout + verified.stderr)

    const db = await DuckDBInstance.create(':memory:', {
      ...{ autoinstall_known_extensions: 'false', autoload_known_extensions: 'false' }
    })
    const connection = await db.connect()
    for (const path of files) {
      const read = await openSeries(join(result, path))
      const [of] = read.series
      const [points] = await read.points(read.series)
      assert.equal([read.series.length, of?.metric, of?.labels], [1, `${of?.tool}.depth`, { queue: 'q1' }])
      assert.ok(points != null && points.t.length >= 3 && points.t.every(t => t > began - 5000 && t < began + 120_000))
      const rows = await connection.runAndReadAll(
        `select epoch_us("timestamp")::varchar, member, tool, metric, labels, unit, value from '${join(result, path)}' order by all`
      )
      const expected = [...points.t].map((t, i) => [
        ...[String(Math.round(t * 1000)), read.info.member, of?.tool, of?.metric, '{"queue":"q1"}', of?.unit],
        points.v[i]
      ])
      assert.equal(rows.getRows(), expected)
      const known = await connection.runAndReadAll(
        `select decode(key), decode(value) from parquet_kv_metadata('${join(result, path)}') where decode(key) = 'bak.run'`
      )
      assert.equal(known.getRows(), [['bak.run', run]])
      await read.close()
    }
    connection.closeSync()
    db.closeSync()
  }
)

const tools = ['proc', 'vmstat', 'iostat', 'mpstat', 'pidstat', 'sar']
const missing = tools.flatMap(name => (name === 'proc' ? [] : (needs(name) ?? [])))[0]
const { usable: hasPerf } = await checkTool('perf', {})

skipWhere(missing, series)(
  'of the default tools say what the machines did, without a line that is not read; perf has folded stacks',
  async () => {
    const given = hasPerf ? 'default,perf' : 'default'
    const words = ['run', '--json', '--interval', '1', '--tools', given, '--', 'sleep', '2.5']
    const { status, stdout, stderr } = await net().bak('a', words)
    assert.is(status, 0, stderr)
    assert.not.match(stdout, /series: /)
    const { run } = JSON.parse(stdout.split('\n')[0] as string)
    const sample = join(net().peer('a').home, 'runs', run, '1-default/sample1')
    for (const member of ['a', 'b']) {
      const read = await openSeries(join(sample, 'series', member, 'series.parquet'))
      const { info, series: all } = read
      await read.close()
      assert.equal(info.remarks, [])
      assert.equal([...new Set(all.map(({ tool }) => tool))].sort(), tools.toSorted())
      const busy = all.filter(({ metric, labels }) => metric === 'cpu.busy' && labels.cpu === 'all')
      assert.equal(busy.map(({ tool }) => tool).sort(), ['iostat', 'mpstat', 'proc', 'sar', 'vmstat'])
      for (const { min, max, tool } of busy) assert.ok(min >= 0 && max <= 100, `${tool}: ${min} to ${max}`)
      const folded = join(sample, 'tools-default', member, 'perf', 'perf-folded.txt')
      if (hasPerf) assert.match(readFileSync(folded, 'utf8'), /^\S.*;.* \d+$/m)
    }
  }
)

series.run()
