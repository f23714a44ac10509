/** Parameters, warm-ups, repeats and metrics, with real daemons. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { stepFolder } from '../../protocols/layout.ts'
import { record, startRun, useTestnet } from '../helpers/mesh.ts'

const samples = suite('samples of a run')
const net = useTestnet(samples, { peers: ['a', 'b'] })

/** Writes a run file with its workload, a script of the shell. @returns the words of `bak run` */
function runFile(name: string, script: string, keys: string): string {
  const folder = net().folder
  writeFileSync(join(folder, `${name}.sh`), script)
  writeFileSync(
    join(folder, `${name}.toml`),
    `command = ["sh", "${join(folder, name)}.sh"]\nname = "${name}"\ntools = ["none"]\nsysinfo = "none"\n${keys}`
  )
  return join(folder, `${name}.toml`)
}

/** @returns the folders of samples in a result, and what `bak verify` says */
async function resultOf(run: string) {
  const folder = join(net().peer('a').home, 'runs', run)
  const iterations = readdirSync(folder).filter(each => /^\d+-/.test(each))
  const found = iterations.flatMap(each => readdirSync(join(folder, each)).map(sample => `${each}/${sample}`)).sort()
  const verified = await net().bak('a', ['verify', run])
  assert.is(verified.status, 0, verified.stdout + verified.stderr)
  return { folder, found }
}

samples(
  'each combination of parameters is an iteration, with its variables, in an order that the seed repeats',
  async () => {
    const file = runFile(
      'matrix',
      'echo "$BAK_ITERATION $BAK_PARAM_BS $BAK_PARAM_DEPTH" >> ../order-$BAK_RUN',
      'samples = 2\norder = "random"\n[params]\nbs = ["4k", "1m"]\ndepth = 8\n'
    )
    const run = await startRun(net(), 'a', [file, '--param', 'depth=1,2'], net().peer('a').home)
    assert.is((await run.finished).status, 0)
    const { found } = await resultOf(run.run)
    assert.equal(found, [
      '1-bs=4k,depth=1/sample1',
      '1-bs=4k,depth=1/sample2',
      '2-bs=4k,depth=2/sample1',
      '2-bs=4k,depth=2/sample2',
      '3-bs=1m,depth=1/sample1',
      '3-bs=1m,depth=1/sample2',
      '4-bs=1m,depth=2/sample1',
      '4-bs=1m,depth=2/sample2'
    ])
    const { spec, workload } = record(net(), 'a', run.run)
    const order = readFileSync(join(net().folder, `order-${run.run}`), 'utf8')
      .trim()
      .split('\n')
    const expected = workload.map(({ step }) =>
      [step.name, ...step.name.split(',').map(each => each.split('=')[1])].join(' ')
    )
    assert.equal(order, expected, 'each has the values of its name, in the order of the record')
    assert.type(spec.seed, 'number', 'a seed that nobody named is recorded')
    const again = await startRun(
      net(),
      'a',
      [file, '--param', 'depth=1,2', '--seed', String(spec.seed)],
      net().peer('a').home
    )
    assert.is((await again.finished).status, 0)
    const steps = (id: string) => record(net(), 'a', id).workload.map(({ step }) => stepFolder(step))
    assert.equal(steps(again.run), steps(run.run))
  }
)

samples('a warm-up counts for nothing, though it fails and is measured as all others', async () => {
  const file = runFile(
    'warm',
    'echo "#BAK:METRIC iops=5 ops/s"; test -z "$BAK_WARMUP"',
    'warmup = 1\nsamples = 2\nmax_sample_failures = 0\n'
  )
  const run = await startRun(net(), 'a', [file])
  const { status, stderr } = await run.finished
  assert.is(status, 0, stderr)
  const { found } = await resultOf(run.run)
  assert.equal(found, ['1-default/sample1', '1-default/sample2', '1-default/warmup1'])
  const { verdict, workload, iterations, shortfalls } = record(net(), 'a', run.run)
  assert.equal([verdict, shortfalls], ['ok', []])
  assert.equal(
    workload.map(({ step, exit }) => [stepFolder(step), exit]),
    [
      ['1-default/warmup1', 1],
      ['1-default/sample1', 0],
      ['1-default/sample2', 0]
    ]
  )
  assert.equal(iterations, [{ number: 1, name: 'default', samples: 2, failed: 0 }])
  assert.ok(
    run.events.some(event => event.type === 'warning' && /1-default\/warmup1 failed \(exit 1\)/.test(event.text))
  )
  const shown = await net().bak('b', ['show', run.run])
  assert.match(
    shown.stdout,
    /ITERATION +METRIC +MEDIAN +QUARTILES +CV +SAMPLES\n1-default +iops +5 ops\/s +5\.\.5 ops\/s +- +2\n/
  )
})

const COUNTER = 'n=$(cat "$0.n" 2>/dev/null || echo 0); n=$((n + 1)); echo $n > "$0.n"\n'

samples(
  'an iteration whose metric varies gets more samples until it does not; one that always varies is named',
  async () => {
    const script = `${COUNTER}if [ "$BAK_PARAM_KIND" = wild ]; then v=$((n % 2 * 100 + 1)); else v=$((BAK_SAMPLE < 3 ? BAK_SAMPLE * 50 : 100)); fi\necho "#BAK:METRIC iops=$v"\n`
    const file = runFile(
      'vary',
      script,
      'samples = 2\nmax_stddev = { metric = "iops", percent = 26, samples = 4 }\n[params]\nkind = ["calm", "wild"]\n'
    )
    const run = await startRun(net(), 'a', [file])
    assert.is((await run.finished).status, 0)
    const { found } = await resultOf(run.run)
    // 50 100 100 vary by 34.6 %, with one more 100 by 28.6 %
    const { iterations = [], shortfalls } = record(net(), 'a', run.run)
    assert.equal(
      found.length,
      iterations.reduce((sum, each) => sum + each.samples, 0)
    )
    assert.equal(
      iterations.map(({ samples: taken, deviation }) => [taken, deviation?.met]),
      [
        [4, false],
        [4, false]
      ]
    )
    assert.equal(
      shortfalls.map(({ kind, what }) => [kind, what]),
      [
        ['deviation', 'deviation of iops in 1-kind=calm'],
        ['deviation', 'deviation of iops in 2-kind=wild']
      ]
    )
    const strict = await startRun(net(), 'a', [file, '--strict', '--max-stddev', 'iops=36,6'])
    const ended = await strict.finished
    const second = record(net(), 'a', strict.run)
    assert.equal(
      second.iterations?.map(({ samples: taken, deviation }) => [taken, deviation?.met]),
      [
        [3, true],
        [6, false]
      ]
    )
    assert.is(ended.status, 2, 'the one that still varies is missing')
    const plain = await net().bak('a', ['run', file, '--no-progress', '--max-stddev', 'iops=36,6'])
    assert.match(
      plain.stderr,
      /missing deviation of iops in 2-kind=wild: \d+ % after 6 samples, more than 36 %; deviation of iops: 1-kind=calm 35 % \(3 samples\)/
    )
  }
)

samples('failed samples are repeated up to their bound, and named; one more ends the run', async () => {
  const file = runFile('flaky', `${COUNTER}echo run $n; test $((n % 2)) = 0`, 'samples = 2\nmax_sample_failures = 2\n')
  const run = await net().bak('a', ['run', file, '--no-progress'])
  assert.is(run.status, 0, run.stderr)
  assert.match(run.stderr, /failed samples: 2 of 1-default/)
  const [, id = ''] = /run (\S+): ok/.exec(run.stderr) ?? []
  const { found } = await resultOf(id)
  assert.equal(
    found.map(each => each.replace(/.*\//, '')),
    ['sample1', 'sample2', 'sample3', 'sample4']
  )
  const bad = runFile(
    'broken',
    'echo "#BAK:STATE ERR no disk"',
    'samples = 9\nmax_sample_failures = 1\n[params]\nx = [1, 2]\n'
  )
  const failed = await startRun(net(), 'a', [bad])
  assert.is((await failed.finished).status, 1)
  const { verdict, reason, workload } = record(net(), 'a', failed.run)
  assert.is(verdict, 'workload-failed')
  assert.is(reason, '2 samples of 1-x=1 failed, max_sample_failures is 1; the last: exit 0 in 1-x=1/sample2: no disk')
  assert.is(workload.length, 2)
  await resultOf(failed.run)
})

samples('--dry-run draws the matrix, and says how long it took before, or takes at most', async () => {
  const file = runFile('dry', 'sleep 0.2', 'samples = 3\nwarmup = 1\n[params]\nbs = ["4k", "1m"]\n')
  const dry = async (...words: string[]) => (await net().bak('a', ['run', file, '--dry-run', ...words])).stdout
  const first = await dry()
  assert.match(first, /ITERATION +PARAMETERS +ARGUMENTS +SAMPLES\n1-bs=4k +bs=4k +- +3, after 1 warm-up\n2-bs=1m/)
  assert.match(
    first,
    /samples: 8, all of an iteration in a row\ntime: not known: no run of this name and program has succeeded here/
  )
  assert.match(first, /for each of 8 samples \(start, work, stop, send\), end, terminate/)
  assert.match(await dry('--timeout', '30s'), /time: at most 4 min 0 s in the workload, by its timeout/)
  assert.is((await (await startRun(net(), 'a', [file])).finished).status, 0)
  assert.match(
    await dry('--order', 'iteration', '--max-sample-failures', '2'),
    /3 to 5, after 1[\s\S]*samples: at least 8, one of each iteration in turn\ntime: about [\d.]+ s, as the last run of this name took on this peer/
  )
})

samples('metrics of a file are as good as those of lines, and lines that mean nothing are named', async () => {
  const file = runFile(
    'file',
    'echo \'{"at":1,"type":"sample","name":"p99","value":2.5,"unit":"ms"}\' > "$BAK_OUT/metrics.ndjson"; echo "#BAK:METRIC p99=3.5 ms"; echo "#BAK:METRIC oops"',
    ''
  )
  const run = await startRun(net(), 'a', [file])
  assert.is((await run.finished).status, 0)
  const { workload } = record(net(), 'a', run.run)
  assert.equal(workload[0]?.metrics, [{ name: 'p99', value: 3, unit: 'ms', main: true, samples: 2 }])
  const { folder } = await resultOf(run.run)
  assert.ok(existsSync(join(folder, '1-default/sample1/workload/a/metrics.ndjson')))
  const shown = await net().bak('a', ['show', run.run])
  assert.match(shown.stdout, /#BAK:METRIC oops: expected name=number unit/)
})

samples(
  'workloads of members are warmed up, measured and repeated as commands are, all of a sample together',
  async () => {
    const script = `test -n "$BAK_WARMUP" && exit 9; test "$BAK_SAMPLE" = 1 && test "$BAK_RANK" = 1 && exit 3; echo "#BAK:METRIC iops=$((100 + BAK_RANK * 100)) ops/s"`
    const file = join(net().folder, 'members.toml')
    writeFileSync(
      file,
      `tools = ["none"]\nsysinfo = "none"\nwarmup = 1\nmax_sample_failures = 1\nmax_stddev = { metric = "iops", percent = 5 }\n[[workload]]\nname = "load"\ncommand = ["/bin/sh", "-c", '''${script}''']\n`
    )
    const run = await startRun(net(), 'a', [file])
    const { status, stderr } = await run.finished
    assert.is(status, 0, stderr)
    const { found } = await resultOf(run.run)
    assert.equal(
      found.map(each => each.replace(/.*\//, '')),
      ['sample1', 'sample2', 'sample3', 'warmup1']
    )
    const { iterations, workload, partial, shortfalls } = record(net(), 'a', run.run)
    assert.equal([workload.length, partial, shortfalls], [8, false, []])
    const warned = run.events.flatMap(event => (event.type === 'warning' ? [event.text] : []))
    assert.match(warned.join(), /1-default\/warmup1 failed \(load on [ab]: exit 9\), which counts for nothing/)
    assert.equal(iterations?.[0], {
      ...{ number: 1, name: 'default', samples: 3, failed: 1 },
      deviation: { metric: 'iops', values: 2, percent: 0, met: true }
    })
    const shown = await net().bak('a', ['show', run.run])
    assert.match(shown.stdout, /1-default +iops +150 ops\/s +150..150 ops\/s +- +2\n/)
  }
)

samples('phase and progress are told while the workload runs', async () => {
  const file = runFile('phase', 'echo "#BAK:PHASE ramp up"; echo "#BAK:PROGRESS 42"; sleep 2', '')
  const run = await startRun(net(), 'a', [file])
  const told = await run.until(event => event.type === 'stated' && event.progress != null)
  assert.equal(told.type === 'stated' && [told.phase, told.progress], ['ramp up', 42])
  assert.is((await run.finished).status, 0)
})

samples.run()
