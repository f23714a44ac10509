/** What modules, names and disks do to the process of the driver: it says so, and goes on as far as it can. */
import { execFileSync } from 'node:child_process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { pick, sumOf, withDriver } from '../../../helpers/load-driver.ts'
import { needs, skipWhere } from '../../../helpers/skip.ts'

const WAITS = 'export default async () => { await new Promise(resolve => setTimeout(resolve, 3)) }'
const operation = { type: 'module', module: 'm.mjs' }

const driver = suite('faults around the process of the driver')
const limited = skipWhere(needs('prlimit'), driver)

driver(
  'a module that makes nonsense of the clock of its thread fails the element by name, and not the driver',
  async () => {
    const files = { 'm.mjs': 'performance.now = () => Number.NaN; export default () => {}' }
    const spec = { task: [{ name: 'one', operation, iterations: 5 }] }
    await withDriver({ spec, files }, async it => {
      const { joined } = await it.element(1)
      assert.match(
        joined.tasks[0]?.error ?? '',
        /^what a worker thread says makes no sense: .* of a sample is no time$/
      )
      assert.is(joined.tasks[0]?.samples, 0)
      assert.is(it.process.exitCode, null)
    })
  }
)

limited(
  'a file of requests that cannot be written fails its element once, by name; what was measured is brought',
  async () => {
    const tasks = [1, 2].map(n => ({ name: `t${n}`, operation, clients: 2, time_period: n === 1 ? 20 : 0.1 }))
    const spec = { task: tasks, load: { samples: 'raw' } }
    await withDriver({ spec, files: { 'm.mjs': WAITS } }, async it => {
      execFileSync('prlimit', ['--pid', String(it.process.pid), '--fsize=20000'])
      const { joined } = await it.element(1)
      assert.match(joined.tasks[0]?.error ?? '', /^samples\.csv: EFBIG/)
      assert.is(joined.tasks[0]?.ended, 'cut')
      assert.equal(sumOf(it), pick(joined.tasks[0]))
      assert.match((await it.element(2)).joined.tasks[0]?.error ?? '', /^samples\.csv: EFBIG/)
      assert.ok(it.all('failed').every(({ element }) => element > 0))
      assert.is(it.all('failed').filter(({ element }) => element === 1).length, 1)
      assert.is(it.stderr, '')
    })
  }
)

driver('a task may have the name of what each object has', async () => {
  const tasks = ['constructor', 'toString'].map(name => ({ name, operation, iterations: 3 }))
  await withDriver({ spec: { task: tasks }, files: { 'm.mjs': WAITS } }, async it => {
    for (const [i, { name }] of tasks.entries()) {
      await it.element(i + 1)
      assert.is(it.columns(name).length, 1)
    }
    assert.equal(it.all('histograms'), [])
  })
})

driver.run()
