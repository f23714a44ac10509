/** Results of benchmarks in the record of a run, with real daemons and a real fio. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { metricSamples } from '../../protocols/metric-samples.ts'
import { openSeries } from '../../protocols/series/read-series.ts'
import { record, startRun, useTestnet } from '../helpers/mesh.ts'
import { needs, skipWhere } from '../helpers/skip.ts'

const results = suite('results of benchmarks in a run')
const net = useTestnet(results, { peers: ['a', 'b'] })

const golden = (file: string) => resolve('test/golden/results', file)

/** @returns what a run came to whose run file has these keys */
async function ran(name: string, keys: string) {
  const file = join(net().folder, `${name}.toml`)
  writeFileSync(file, `name = "${name}"\ntools = ["none"]\nsysinfo = "none"\n${keys}`)
  const run = await startRun(net(), 'a', [file])
  const { status, stderr } = await run.finished
  return { run: run.run, status, stderr, record: record(net(), 'a', run.run) }
}

skipWhere(needs('fio'), results)(
  'fio on two members is found by its look: its throughput is summed, and the result is signed',
  async () => {
    const command = `fio --name=x --filename=data --size=1m --bs=4k --rw=randread --loops=20 --output-format=json`
    const workload = `[[workload]]\nname = "fio"\ncommand = ${JSON.stringify(command.split(' '))}\n`
    const { run, status, stderr, record: found } = await ran('fio', `samples = 2\n${workload}`)
    assert.is(status, 0, stderr)
    const metrics = metricSamples(found)
    const iops = metrics.find(({ metric }) => metric === 'fio.read.iops')
    assert.equal([iops?.unit, iops?.better, iops?.samples.length], ['/s', 'more', 2])
    for (const { value, byMember } of iops?.samples ?? []) {
      assert.equal(byMember.map(({ member }) => member).sort(), ['a', 'b'])
      assert.ok(value > 0 && value === byMember.reduce((sum, each) => sum + each.value, 0), `${value}`)
    }
    assert.ok(metrics.some(({ metric }) => metric === 'fio.read.clat.p99'))
    const verified = await net().bak('a', ['verify', run])
    assert.is(verified.status, 0, verified.stdout + verified.stderr)
  }
)

results('results that are named and that nothing has are missing; those of a file in BAK_OUT are read', async () => {
  const { status, record: found } = await ran(
    'named',
    `command = "cp ${golden('hyperfine.json')} $BAK_OUT/h.json"\nresults = ["wrk", { reader = "hyperfine", file = "h.json" }]\n[policy]\nstrict = true\n`
  )
  assert.is(status, 2)
  assert.equal(found.shortfalls, [{ kind: 'workload', what: 'command', reason: 'no results of wrk in what it left' }])
  assert.is(found.workload[0]?.metrics?.find(each => each.name === 'hyperfine.sleep_0.1.median')?.value, 0.101809577)
})

results('a benchmark that says that it failed has failed, though it exits with 0', async () => {
  // in its words: what is in /tmp here is not there for a program of another
  const said = JSON.stringify(readFileSync(golden('iperf3-error.json'), 'utf8'))
  const { status, record: found } = await ran(
    'failed',
    `[[workload]]\nname = "net"\non = "b"\ncommand = ["printf", "%s", ${said}]\n`
  )
  assert.is(status, 1)
  assert.is(found.workload[0]?.error, 'iperf3: unable to connect to server: Connection refused')
})

results('what a benchmark prints at intervals, and samples, are series by the name of the workload', async () => {
  const line = 'progress: 1.0 s, 10.5 tps, lat 1.867 ms stddev 1.279, 0 failed'
  const command = `echo "${line}" >&2; bak sample depth 4 jobs more sum`
  const {
    run,
    status,
    stderr,
    record: found
  } = await ran(
    'intervals',
    `[[workload]]\nname = "bench"\non = "b"\ninstances = 2\ncommand = ${JSON.stringify(command)}\n`
  )
  assert.is(status, 0, stderr)
  const depth = { name: 'depth', value: 4, unit: 'jobs', better: 'more', across: 'sum', main: true, samples: 1 }
  assert.equal(
    found.workload.map(({ metrics }) => metrics),
    [[depth], [depth]]
  )
  assert.is(metricSamples(found)[0]?.samples[0]?.value, 8)
  const path = join(net().peer('a').home, 'runs', run, '1-default/sample1/series/b/series.parquet')
  const file = await openSeries(path)
  try {
    const ids = file.series.map(({ tool, metric, unit, last }) => [tool, metric, unit, last])
    for (const tool of ['bench.1', 'bench.2'])
      assert.equal(
        ids.filter(each => each[0] === tool && ['depth', 'pgbench.tps'].includes(`${each[1]}`)),
        [
          [tool, 'depth', 'jobs', 4],
          [tool, 'pgbench.tps', '/s', 10.5]
        ]
      )
    const [points] = await file.points(file.series.filter(({ metric }) => metric === 'depth').slice(0, 1))
    const { began = 0, duration } = found.workload.find(({ instance }) => instance === 1) ?? { duration: 0 }
    assert.ok((points?.t[0] ?? 0) >= began - 50 && (points?.t[0] ?? 0) <= began + duration + 50)
  } finally {
    await file.close()
  }
  const verified = await net().bak('a', ['verify', run])
  assert.is(verified.status, 0, verified.stdout + verified.stderr)
})

results.run()
