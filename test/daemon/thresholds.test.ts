/** Thresholds of runs of real daemons: verdict, exit status, an early end, the JUnit file, and what verification says. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { record, useTestnet } from '../helpers/mesh.ts'

const thresholds = suite('thresholds of runs')
const net = useTestnet(thresholds, { peers: ['a'] })
let folder: string

thresholds.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'bak-thresholds-'))
})
thresholds.after(() => rmSync(folder, { recursive: true, force: true }))

/** A run file whose command states `speed`, which is the number of its sample times ten. */
async function measured(text: string, words: string[] = []) {
  const file = join(folder, 'x.toml')
  const junit = join(folder, 'x.xml')
  writeFileSync(file, `command = ["sh", "-c", "echo '#BAK:METRIC speed='$((BAK_SAMPLE * 10))' MB/s more'"]\n${text}`)
  const options = ['--tools', 'none', '--sysinfo', 'none', '--no-progress', '--junit', junit]
  const { status, stdout, stderr } = await net().bak('a', ['run', file, ...options, ...words])
  const run = /run (\d{8}T\d{6}-\w{6})/.exec(stderr)?.[1] as string
  return { status, stdout, stderr, run, record: record(net(), 'a', run), junit: readFileSync(junit, 'utf8') }
}
const verified = async (run: string) => (await net().bak('a', ['verify', run])).status

thresholds('one that is met changes nothing; it is in the record', async () => {
  const { status, stderr, run, record, junit } = await measured(
    'samples = 3\n[[threshold]]\nmetric = "speed"\nmin = 20\nunit = "MB/s"\n'
  )
  assert.is(status, 0, stderr)
  assert.equal(record.thresholds, [
    {
      ...{ threshold: 0, metric: 'speed', iteration: { number: 1, name: 'default' }, outcome: 'met' },
      ...{ value: 20, samples: 3, unit: 'MB/s' }
    }
  ])
  assert.match(junit, 'failures="0" errors="0" skipped="0"')
  assert.is(await verified(run), 0)
})

thresholds(
  'one that is missed is the verdict: exit status 99, named on the last lines, in the record and in JUnit',
  async () => {
    const { status, stderr, run, record, junit } = await measured(
      'samples = 3\n[[threshold]]\nmetric = "speed"\nmin = 21\n[[threshold]]\nmetric = "speed"\nmax = 100\n'
    )
    assert.is(status, 99, stderr)
    assert.match(stderr, /: threshold not met in .*: speed of 1-default is 20 MB\/s, min 21 \(median of 3 samples\)\n/)
    assert.equal([record.verdict, record.status, record.workload.length], ['threshold', 99, 3])
    assert.match(
      junit,
      '<failure message="speed of 1-default is 20 MB/s, min 21 (median of 3 samples)" type="missed"/>'
    )
    assert.is(await verified(run), 0)
    assert.match(
      (await net().bak('a', ['show', run])).stdout,
      /speed +1-default +min 21 +20 +MB\/s +median of 3 +MISSED/
    )
    assert.match((await net().bak('a', ['ls', '--where', 'verdict = threshold'])).stdout, run)
  }
)

thresholds('one that could not be decided is not met', async () => {
  const { status, stderr, record, junit, run } = await measured('[[threshold]]\nmetric = "sped"\nmin = 1\n')
  assert.is(status, 99, stderr)
  assert.match(stderr, 'sped of 1-default: not decided, no workload states it and no tool measured it')
  assert.is(record.thresholds?.[0]?.outcome, 'undecided')
  assert.match(junit, 'errors="1"')
  assert.is(await verified(run), 0)
})

thresholds('one with stop ends the run once no further sample can mend it', async () => {
  const { status, stderr, run, record, junit } = await measured(
    'samples = 9\n[[threshold]]\nmetric = "speed"\nmax = 15\nstop = true\njudge = "each"\n'
  )
  assert.is(status, 99, stderr)
  assert.match(stderr, 'speed of 1-default is 20 MB/s, max 15 (sample 2); no further sample can mend it')
  assert.is(record.workload.length, 2)
  assert.match(junit, 'skipped="7"')
  assert.is(await verified(run), 0)
})

thresholds('a metric of tools is judged by what members measured, and again by verification', async () => {
  const file = join(folder, 'tools.toml')
  writeFileSync(
    file,
    `command = ["sleep", "2.5"]
tools = ["proc"]
interval = 0.5
[[threshold]]
metric = "cpu.busy"
max = 100.5
[[threshold]]
metric = "memory.total"
max = 1024
unit = "B"
statistic = "last"
[[threshold]]
metric = "cpu.busy"
max = 100
tool = "vmstat"
`
  )
  const { status, stderr } = await net().bak('a', ['run', file, '--sysinfo', 'none', '--no-progress'])
  assert.is(status, 99, stderr)
  const run = /run (\d{8}T\d{6}-\w{6})/.exec(stderr)?.[1] as string
  const { thresholds: made = [] } = record(net(), 'a', run)
  assert.equal(
    made.map(({ outcome, unit, where }) => [outcome, unit, where]),
    [
      ['met', '%', 'proc on a, cpu=all'],
      ['missed', 'B', 'proc on a'],
      ['undecided', undefined, undefined]
    ],
    stderr
  )
  assert.match(
    stderr,
    /memory\.total of 1-default is \S+ B, max 1024 \(median of 1 sample, proc on a\); 2 are not met in all/
  )
  assert.is(await verified(run), 0)
})

thresholds('what cannot be is said before anything begins', async () => {
  const file = join(folder, 'x.toml')
  writeFileSync(file, 'command = ["true"]\n[[threshold]]\nmetric = "x"\nmin = 1\niteration = "bs=*"\n')
  const lost = await net().bak('a', ['run', file])
  assert.is(lost.status, 64)
  assert.match(lost.stderr, 'threshold of x: no iteration is called bs=*: they are default')
  writeFileSync(file, 'command = ["true"]\n[[threshold]]\nmetric = "x"\nmin = 1\njudge = "each"\nstop = true\n')
  assert.match(
    (await net().bak('a', ['run', file, '--dry-run'])).stdout,
    'threshold: x min 1, each sample; ends the run'
  )
  const nowhere = await net().bak('a', ['run', '--junit', join(folder, 'none', 'x.xml'), '--', 'true'])
  assert.is(nowhere.status, 73)
  assert.match(nowhere.stderr, /--junit .*x\.xml: no such file or directory/)
  assert.is((await net().bak('a', ['run', '--detach', '--junit', 'x.xml', '--', 'true'])).status, 64)
})

thresholds.run()
