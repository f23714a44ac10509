/** What a run of real daemons came to, as its last lines, `bak show`, `bak metrics` and `bak export` say it. */
import { basename } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { useTestnet } from '../helpers/mesh.ts'

const answers = suite('what a run came to')
const net = useTestnet(answers, { peers: ['a', 'b'] })

answers('the run ends with it, and it is read from the result on its machine, with and without a daemon', async () => {
  const ran = await net().bak('a', [
    ...['run', '--tools', 'proc', '--interval', '0.2', '--samples', '3', '--sysinfo', 'none', '--workload', '--'],
    ...['sh', '-c', 'sleep 1.5; echo "#BAK:METRIC iops=$((100 + BAK_RANK + BAK_SAMPLE)) ops/s more sum"']
  ])
  assert.is(ran.status, 0, ran.stderr)
  const last = ran.stderr.trim().split('\n').slice(-5)
  assert.match(
    last.join('\n'),
    /^run \S+: ok in .*\niops 205 ops\/s \(CV 0\.98 %, 3 samples\)\nbusiest disk: .*; processors: .*\d %/
  )
  const folder = last.at(-1) as string
  const run = basename(folder)
  const shown = await net().bak('a', ['show', 'last'])
  assert.match(shown.stdout, /\n1-default +iops +205 ops\/s +204\.\.206 ops\/s +0\.98 % +3\n/)
  assert.match(shown.stdout, /\nMEMBER +CPU +QUEUE +MEMORY .*\na +[▁-█]+ +[\d.]+ % .*\nb +[▁-█]+ +[\d.]+ % /)
  const byPath = await net().bak('b', ['show', folder, '--all'])
  assert.match(byPath.stdout, /\n1 +join +- +met +2\/2 /)
  const words = ['metrics', folder, '--metric', 'cpu.busy', '--json']
  const busy = (await net().bak('b', words)).stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
    .filter(({ labels }) => labels.cpu === 'all')
  assert.equal(
    busy.map(({ sample, member }) => `${sample} ${member}`),
    [1, 2, 3].flatMap(sample => ['a', 'b'].map(member => `1-default/sample${sample} ${member}`))
  )
  for (const { min, max, count } of busy) assert.ok(min >= 0 && max <= 100.1 && count >= 4, `${min} ${max} ${count}`)
  const csv = (await net().bak('a', ['export', run, '--metric', 'cpu.busy', '--member', 'b'])).stdout
  const rows = csv.split('\n').filter(line => line.includes('""cpu"":""all""'))
  assert.is(
    rows.length,
    busy.filter(({ member }) => member === 'b').reduce((sum, { count }) => sum + count, 0)
  )
  // the times of b are those of the controller
  const began = Date.parse(`${shown.stdout.match(/\nbegan: +(\S+ \S+) UTC/)?.[1]?.replace(' ', 'T')}Z`)
  for (const row of rows) {
    const after = Date.parse(row.slice(0, 24).replace(/Z?$/, 'Z')) - began
    assert.ok(after > -1000 && after < 60_000, row)
  }
  const elsewhere = await net().bak('b', ['metrics', 'last'])
  assert.is(elsewhere.status, 66)
  assert.match(elsewhere.stderr, new RegExp(`the result of ${run} is not on this machine; it is on a: bak copy ${run}`))
  assert.is((await net().bak('a', ['verify', 'last'])).status, 0)
})

answers.run()
