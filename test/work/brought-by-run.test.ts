/** What a run with tasks brings to a member, for the rules of its owner. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { broughtByRun } from '../../node/work/brought-by-run.ts'
import { specOf } from '../protocols/samples.ts'

const test = suite('what a run brings')
const http = { type: 'http', url: 'http://127.0.0.1/' }
const given = (task: object[], more = {}) => specOf({ command: undefined, task, ...more })
const commandsIn = (spec: ReturnType<typeof specOf>, hasClients = true) =>
  broughtByRun(spec, { hasClients }).map(({ name, commands }) => [name, ...commands.map(words => words.join(' '))])

test('clients of http operations bring a driver, and no program', () => {
  assert.equal(commandsIn(given([{ name: 'get', operation: http }])), [['load']])
})

test('commands and modules of operations are programs of the run, each once', () => {
  const echo = { type: 'command', command: ['echo', 'x'] }
  const spec = given([
    { name: 'one', operation: echo },
    { name: 'two', operation: echo },
    { name: 'three', operation: { type: 'module', module: 'ops/load.mjs' } }
  ])
  assert.equal(commandsIn(spec), [['load', 'echo x', './ops/load.mjs']])
})

test('a member without clients is brought nothing of tasks', () => {
  assert.equal(commandsIn(given([{ name: 'get', operation: { type: 'command', command: ['x'] } }]), false), [])
})

test('servers beside tasks come first', () => {
  const workload = [{ name: 'db', role: 'server', command: ['redis-server'] }]
  const spec = given([{ name: 'get', operation: http }], { workload })
  const workloads = [{ name: 'db', instances: 1, rank: 0 }]
  assert.equal(
    broughtByRun(spec, { workloads, hasClients: true }).map(({ name }) => name),
    ['db', 'load']
  )
})

test.run()
