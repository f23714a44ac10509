import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FLAGS, type SampleColumns } from '../../../../protocols/tasks/sample-block.ts'
import { TestDriver } from '../../../helpers/load-driver.ts'
import { needsNginx, startNginx } from '../../../helpers/nginx.ts'
import { skipWhere } from '../../../helpers/skip.ts'

const inDriver = suite('operations in a driver')
const withNginx = skipWhere(needsNginx(), inDriver)

withNginx(
  'a server that is stopped for 350 ms shows in the latency of all that was due meanwhile, and in the service time of what it held',
  async () => {
    const nginx = await startNginx()
    const operation = { type: 'http', url: `${nginx.origin}/{client}` }
    const task = { name: 'get', operation, clients: 4, time_period: 2, target_throughput: 400 }
    const driver = await TestDriver.start({ spec: { task: [task] } })
    try {
      await driver.hear('ready')
      await driver.send({ type: 'prepare' })
      const { error, targets } = await driver.hear('done')
      assert.is(error, undefined)
      assert.equal(
        targets?.map(({ target }) => target),
        [nginx.origin]
      )
      assert.match(targets?.[0]?.server ?? '', /^nginx\//)
      setTimeout(() => process.kill(nginx.pid, 'SIGSTOP'), 1_000)
      setTimeout(() => process.kill(nginx.pid, 'SIGCONT'), 1_350)
      const { joined } = await driver.element(1)
      const [answer] = joined.tasks
      assert.is(answer?.failed, 0)
      assert.is(answer?.samples, 800)
      const columns = driver.columns('get')
      const slow = (key: 'latency' | 'service') => columns.flatMap(each => [...each[key]]).filter(ms => ms > 100).length
      // each client held one request, and about 100 were due meanwhile while another would have waited 100 ms and more
      assert.ok(slow('service') >= 4, `${slow('service')} requests were held`)
      assert.ok(slow('latency') >= 60, `${slow('latency')} requests were late`)
      assert.ok(slow('latency') >= 5 * slow('service'), `${slow('latency')} late, ${slow('service')} held`)
      const seen = await nginx.requests(801)
      assert.is(seen.filter(({ path }) => /^\/[0-3]$/.test(path)).length, 801)
    } finally {
      assert.is(await driver.close(), 0)
      await nginx.stop()
    }
  }
)

inDriver(
  'commands and modules are run in its working folder, each client its share, and their errors have kinds',
  async () => {
    const driver = await TestDriver.start({
      files: {
        'load.mjs': `import { appendFileSync } from 'node:fs'
        export function* partition({ items }, index, clients) {
          for (let i = index; i < items.length; i += clients) yield { item: items[i] }
        }
        export default async ({ params, folder }) => {
          appendFileSync(folder + '/items', params.item + '\\n')
          if (params.item === 'd') throw new RangeError('item 4')
          return { weight: 10, unit: 'docs' }
        }`
      },
      spec: {
        operation: [
          {
            name: 'share',
            type: 'module',
            module: '/home/me/./load.mjs',
            params: { items: ['a', 'b', 'c', 'd', 'e'] }
          },
          { name: 'touch', type: 'command', command: 'echo $BAK_CLIENT$BAK_DRIVER_SOCKET >> touched; exit {request}' }
        ],
        parallel: [{ name: 'both' }],
        task: [
          { operation: 'share', parallel: 'both', clients: 3 },
          { operation: 'touch', parallel: 'both', clients: 2, iterations: 3 }
        ]
      }
    })
    try {
      await driver.hear('ready')
      await driver.send({ type: 'prepare' })
      assert.is((await driver.hear('done')).error, undefined)
      const { joined } = await driver.element(1)
      const count = (task: string) => {
        const { samples, failed, ended } = joined.tasks.find(each => each.task === task) ?? {}
        return [samples, failed, ended]
      }
      assert.equal(count('share'), [5, 1, 'schedule'])
      assert.equal(count('touch'), [6, 4, 'schedule'])
      const lines = (name: string) =>
        readFileSync(join(driver.folder, 'work', name), 'utf8')
          .trim()
          .split('\n')
          .sort()
      assert.equal(lines('items'), ['a', 'b', 'c', 'd', 'e'])
      assert.equal(lines('touched'), ['0', '0', '0', '1', '1', '1'])
      assert.equal(kindsOf(driver, 'share'), ['RangeError: item N'])
      assert.equal(kindsOf(driver, 'touch'), ['exit 1', 'exit 2'])
      const weights = driver.columns('share').flatMap(each => [...each.weight])
      assert.is(
        weights.reduce((sum, weight) => sum + weight, 0),
        40
      )
    } finally {
      assert.is(await driver.close(), 0)
    }
  }
)

inDriver.run()

/** Of the failed ones. */
function kindsOf(driver: TestDriver, task: string): string[] {
  const blocks = driver.all('samples').filter(each => each.task === task)
  const columns = driver.columns(task)
  const kinds = blocks.flatMap(({ kinds }, i) => {
    const { flags, kind } = columns[i] as SampleColumns
    return [...kind].filter((_, at) => ((flags[at] ?? 0) & FLAGS.failed) !== 0).map(each => kinds[each] as string)
  })
  return [...new Set(kinds)].sort()
}
