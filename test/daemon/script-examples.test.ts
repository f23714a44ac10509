/** The scripts of `examples/` that call each other, as they stand: real daemons. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startRun, useTestnet } from '../helpers/mesh.ts'
import { needs, skipWhere } from '../helpers/skip.ts'

const examples = suite('examples of scripts')
// a python3 in the home of root is none for the programs of others
const env = { PATH: '/usr/local/bin:/usr/bin:/bin' }
const net = useTestnet(examples, { peers: ['a', 'b', 'c'], env })
const root = fileURLToPath(new URL('../../examples/', import.meta.url))

async function runExample(name: string) {
  const run = await startRun(net(), 'c', ['--tools', 'none', join(root, name)])
  const { status, stderr } = await run.finished
  const folder = join(net().peer('c').home, 'runs', run.run, '1-default/sample1/workload')
  return { ...run, status, stderr, text: (...path: string[]) => readFileSync(join(folder, ...path), 'utf8') }
}

examples(
  'barriers-sh.toml: every member reads what it wrote, and nobody begins a step before all have ended the last',
  async () => {
    const { status, stderr, text, events } = await runExample('barriers-sh.toml')
    assert.is(status, 0, stderr)
    for (const member of ['a', 'b', 'c']) assert.is(text(member, 'steps', 'stdout.txt').trim(), '2000000')
    const periods = events.flatMap(event => (event.type === 'period' ? [event] : []))
    assert.is(periods.length, 12)
    const when = (name: string, edge: string) =>
      periods.filter(each => each.name === name && each.edge === edge).map(each => each.when)
    const slack = 2 * Math.max(...periods.map(({ bound }) => bound)) + 1
    assert.ok(Math.min(...when('read', 'begin')) > Math.max(...when('write', 'end')) - slack)
  }
)

skipWhere(needs('python3'), examples)('barriers-py.toml: rank 0 hears the sums of all in each round', async () => {
  const { status, stderr, text } = await runExample('barriers-py.toml')
  assert.is(status, 0, stderr)
  const sums = [0, 1, 2].map(round => `${round} 3 ${3 * 4_999_950_000}\n`).join('')
  assert.is(text('a', 'rounds', 'stdout.txt'), sums)
  for (const member of ['a', 'b', 'c']) {
    assert.is(text(member, 'rounds', 'metrics.ndjson').trim().split('\n').length, 3)
  }
})

examples.run()
