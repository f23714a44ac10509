/** Operations name the servers of a run; a member sends to where it reaches them. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { addressedOperations } from '../../../node/work/tasks/addressed-operations.ts'
import { specOf } from '../../protocols/samples.ts'

const test = suite('addresses in operations')
const spec = specOf({
  command: undefined,
  operation: [{ name: 'get', type: 'http', url: 'http://{{web.address}}:8080/' }],
  task: [
    { operation: 'get' },
    { name: 'all', operation: { type: 'http', url: '/x', targets: ['http://{{web.address}}', 'http://other'] } },
    { name: 'ask', operation: { type: 'command', command: ['ask', '{{web.addresses}}'] } },
    { name: 'own', operation: { type: 'module', module: 'x.mjs', params: { host: '{{web.address}}' } } }
  ]
})
const operationIn = (given: typeof spec, i: number) => given.task[i]?.operation as never as Record<string, unknown>

test('members are spread over the instances of a server; addresses of IPv6 are in brackets in a URL alone', () => {
  const servers = new Map([['web', ['10.0.0.1', 'fd00::2']]])
  const [one, other] = [0, 1].map(rank => addressedOperations(spec, servers, rank)) as [typeof spec, typeof spec]
  assert.is((one.operation[0] as { url: string }).url, 'http://10.0.0.1:8080/')
  assert.is((other.operation[0] as { url: string }).url, 'http://[fd00::2]:8080/')
  assert.equal(operationIn(other, 1).targets, ['http://[fd00::2]', 'http://other'])
  assert.equal(operationIn(other, 2).command, ['ask', '10.0.0.1,fd00::2'])
  assert.equal(operationIn(other, 3).params, { host: '{{web.address}}' }, 'a module has variables')
  assert.is(one.task[0]?.operation, 'get')
})

test('a server without a known address is named', () => {
  assert.throws(
    () => addressedOperations(spec, new Map([['web', []]]), 0),
    (error: Error) => error.message === 'no address of the machine of server web is known here'
  )
})

test.run()
