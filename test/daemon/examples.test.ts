/** The run files of examples/, as they are, on a mesh of real daemons on this machine. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { TasksFile } from '../../protocols/tasks/tasks-file.ts'
import { useTestnet } from '../helpers/mesh.ts'
import { needs, skipWhere } from '../helpers/skip.ts'

const test = suite('examples')
const roles: Record<string, string[]> = {
  a: ['role=server', 'job=db'],
  b: ['role=client', 'job=load'],
  c: ['role=client', 'job=none']
}
const net = useTestnet(test, {
  peers: ['a', 'b', 'c'],
  args: name => (roles[name] ?? []).flatMap(label => ['--label', label])
})
const example = (name: string) => join(import.meta.dirname, '../../examples', name)
const withIperf = skipWhere(needs('iperf3'), test)
const withNginx = skipWhere(needs('nginx'), test)
const withRedis = skipWhere(needs('redis-server') ?? needs('redis-benchmark'), test)

async function run(name: string, ...flags: string[]) {
  const ended = await net().bak('c', ['run', example(name), '--quiet', ...flags])
  assert.is(ended.status, 0, ended.stderr)
  const folder = ended.stdout.trim()
  return (path: string) => readFileSync(join(folder, path), 'utf8')
}

withIperf('iperf3.toml measures between two groups, each client in its turn, in 25 lines', async () => {
  assert.ok(readFileSync(example('iperf3.toml'), 'utf8').trimEnd().split('\n').length <= 25)
  const text = await run('iperf3.toml')
  for (const client of ['b', 'c']) {
    const measured = JSON.parse(text(`1-default/sample1/workload/${client}/client/stdout.txt`))
    assert.ok(measured.end.sum_received.bits_per_second > 1e6)
  }
  assert.match(text('1-default/sample1/workload/a/server/stdout.txt'), /Accepted connection/)
})

withRedis('redis.toml loads a server with each iteration', async () => {
  const text = await run('redis.toml')
  for (const [i, name] of ['small', 'large'].entries()) {
    const lines = text(`${i + 1}-${name}/sample1/workload/b/load/stdout.txt`)
    assert.match(lines, /"SET","[\d.]+"/)
  }
})

withRedis(
  'load-module/run.toml stages a module, fills a redis with it, each client its share, and reads at a rate',
  async () => {
    const text = await run('load-module/run.toml')
    const { elements, tasks } = JSON.parse(text('1-default/sample1/tasks.json'))
    assert.equal(
      elements.map((each: { tasks: string[] }) => each.tasks),
      [['fill'], ['read']]
    )
    const [fill, read] = tasks
    assert.equal([fill.samples, fill.failed, fill.unit], [200, 0, 'docs'])
    assert.ok(read.samples >= 2_000 && read.samples <= 3_000, `${read.samples} of 3,000 were sent`)
    assert.is(read.failed, 0)
  }
)

withNginx('load.toml makes each request once in test mode, from both clients', async () => {
  const text = await run('load.toml', '--test-mode')
  const { elements, tasks } = JSON.parse(text('1-default/sample1/tasks.json')) as TasksFile
  assert.equal(
    elements.map(each => each.tasks),
    [['warm-up'], ['browse', 'upload']]
  )
  assert.equal(
    tasks.map(({ task, samples, failed, members }) => [task, samples, failed, members.length]),
    [
      ['warm-up', 8, 0, 1],
      ['browse', 32, 0, 2],
      ['upload', 4, 0, 1]
    ]
  )
})

test.run()
