/** What fio measured, compared: unchanged, and with a slower disk. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { useTestnet } from '../helpers/mesh.ts'
import { needs, skipWhere } from '../helpers/skip.ts'
import { slowDisk } from '../helpers/slow-disk.ts'

const compare = suite('samples of fio, compared')
const net = useTestnet(compare, { peers: ['a'] })
const test = skipWhere(needs('fio'), compare)

/** Reads a second: far less than any disk can, so that only what slows it below can be seen. */
const RATE = 200
const SLOW = 100

compare.before(() => {
  // the command is the same in all runs: how fast it may be comes from outside
  writeFileSync(
    join(net().folder, 'disk.fio'),
    `[disk]\nfilename=disk.dat\nsize=8M\nrw=randread\nbs=4k\ndirect=1\ntime_based\nruntime=500ms\nrate_iops=\${RATE}\n`
  )
})

/** @returns its id */
async function measure(rate: number, ...words: string[]): Promise<string> {
  const run = ['run', '--name', 'fio', '--samples', '4', '--tools', 'none', '--sysinfo', 'none', ...words]
  const { status, stdout, stderr } = await net().bak(
    'a',
    [...run, '--json', '--', 'fio', 'disk.fio', '--output-format=json'],
    { env: { RATE: String(rate) } }
  )
  assert.is(status, 0, stdout + stderr)
  const [, id] = /"run":"([^"]+)"/.exec(stdout) ?? []
  return id as string
}

const compared = async (...words: string[]) => {
  const { status, stdout, stderr } = await net().bak('a', ['compare', ...words, '--metric', 'iops', '--json'])
  assert.ok(status === 0 || status === 99, stderr)
  const { metrics, sequences } = JSON.parse(stdout)
  const [{ metric, against }] = metrics
  return { status, metric, sequences, ...against[0] }
}

test('with a slower disk it is worse, unchanged it is the same or cannot be told', async () => {
  const base = await measure(RATE, '--interleave', '--iteration', 'one', '--iteration', 'other')
  const unchanged = await compared(base, '--fail-on', 'worse')
  assert.is(unchanged.metric, 'fio.read.iops')
  assert.ok(['same', 'cannot tell'].includes(unchanged.verdict), JSON.stringify(unchanged))
  assert.is(unchanged.status, 0)
  assert.equal(unchanged.sequences, ['samples of A and B in turn, in one run'])

  const disk = slowDisk(net().folder, SLOW)
  const pid = net().peer('a').child?.pid as number
  let after: string
  try {
    disk?.slow(pid)
    // where no cgroup can be made fio slows itself
    after = await measure(disk == null ? SLOW : RATE, '--iteration', 'one')
  } finally {
    disk?.release(pid)
    disk?.remove()
  }
  const slow = await compared(`${base}:one`, `${after}:one`, '--fail-on', 'iops < -20%')
  assert.is(slow.verdict, 'worse', JSON.stringify(slow))
  assert.is(slow.status, 99)
  const [from, to] = slow.intervalPercent
  assert.ok(from < -30 && to < -20 && to > -80, `${from} to ${to} %`)
})

compare.run()
