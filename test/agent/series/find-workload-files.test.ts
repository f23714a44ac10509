/** Which files of workloads are read into series. */
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { findWorkloadFiles } from '../../../node/agent/series/find-workload-files.ts'
import { specOf, step } from '../../protocols/samples.ts'
import { scratch } from '../../store/scratch.ts'

const FOLDER = '1-default/sample1/workload/m1'
const command = ['x']

function found(files: string[], spec: Parameters<typeof specOf>[0]) {
  const data = scratch()
  for (const file of files) {
    mkdirSync(dirname(join(data, FOLDER, file)), { recursive: true })
    if (file.endsWith('link')) symlinkSync('/etc/passwd', join(data, FOLDER, file.replace(/\.link$/, '')))
    else writeFileSync(join(data, FOLDER, file), file.endsWith('stderr.txt') ? '' : 'x')
  }
  return findWorkloadFiles({ data, member: 'm1', step, spec: specOf(spec) }).files.map(each => [
    each.about.tool,
    each.shown
  ])
}

test('of the command and of each instance what has a reader, by the name of the workload', () => {
  const workload = [
    { name: 'db', role: 'server' as const, command, results: 'pgbench' as const },
    { name: 'load', role: 'server' as const, command, instances: 2, results: 'fio' as const },
    { name: 'quiet', role: 'server' as const, command }
  ]
  const files = ['stdout.txt', 'other.txt', 'stderr.txt', 'db/stdout.txt', 'load.1/stdout.txt', 'load.2/stdout.txt']
  assert.equal(found([...files, 'load.2/a_bw.1.log', 'load.3/stdout.txt', 'quiet/stdout.txt'], { command, workload }), [
    ['command', 'workload/command/stdout.txt'],
    ['db', 'workload/db/stdout.txt'],
    ['load.1', 'workload/load.1/stdout.txt'],
    ['load.2', 'workload/load.2/a_bw.1.log'],
    ['load.2', 'workload/load.2/stdout.txt']
  ])
})

test('each request of the clients of tasks, where the member has kept them', () => {
  const task = [{ operation: { type: 'command' as const, command } }]
  const files = ['load/stdout.txt', 'load/stderr.txt', 'load/samples.csv']
  assert.ok(found(files, { task }).some(each => each[1] === 'workload/load/samples.csv'))
  assert.equal(found(files, { command }), [])
})

test('samples of clients that are too large are left out, and it is said', () => {
  const data = scratch()
  const folder = join(data, FOLDER, 'load')
  mkdirSync(folder, { recursive: true })
  for (const file of ['stdout.txt', 'samples.csv']) writeFileSync(join(folder, file), 'x')
  truncateSync(join(folder, 'samples.csv'), 256 * 1024 * 1024 + 1)
  const spec = specOf({ command: undefined, task: [{ operation: { type: 'command' as const, command } }] })
  const { files, remarks } = findWorkloadFiles({ data, member: 'm1', step, spec })
  assert.not.ok(files.some(({ shown }) => shown.endsWith('samples.csv')))
  assert.match(remarks[0]?.why ?? '', /larger than 256 MiB/)
  assert.is(remarks[0]?.file, 'workload/load/samples.csv')
})

test('samples alone where results are none, and no link', () => {
  assert.equal(found(['stdout.txt', 'metrics.ndjson'], { command, results: 'none' }), [
    ['command', 'workload/command/metrics.ndjson']
  ])
  assert.equal(found(['stdout.txt', 'metrics.ndjson.link'], { command }), [['command', 'workload/command/stdout.txt']])
})

test.run()
