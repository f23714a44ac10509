import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isSymmetric, MANY_PORTS, type Plan, planPunch } from '../../../node/mesh/holepunch/punch-plan.ts'
import type { Endpoint } from '../../../protocols/observe.ts'

const test = suite('the plan of a punch')

const at = (host: string, ...ports: number[]): Endpoint[] => ports.map(port => ({ host, port }))
const nothing: Endpoint[] = []
const [cone, other] = [at('192.0.2.1', 5, 5), at('192.0.2.2', 7, 7)]
const [symmetric, another] = [at('192.0.2.3', 5, 6), at('192.0.2.4', 8, 9)]
const once = at('192.0.2.5', 5)
const six = at('2001:db8::1', 5, 5)

const cases: Array<[title: string, mine: Endpoint[], theirs: Endpoint[], kind: Plan['kind'], back: Plan['kind']]> = [
  ['two NATs that keep ports', cone, other, 'one', 'one'],
  ['one of them observed once only', cone, once, 'one', 'one'],
  ['one symmetric NAT', symmetric, cone, 'from-many', 'to-many'],
  ['two symmetric NATs', symmetric, another, 'none', 'none'],
  ['one that was not observed', nothing, cone, 'none', 'none'],
  ['neither observed', nothing, nothing, 'none', 'none'],
  ['one with IPv4, one with IPv6', cone, six, 'none', 'none'],
  ['both with IPv6', six, at('2001:db8::2', 7, 7), 'one', 'one'],
  ['a NAT with two public addresses', [...at('192.0.2.1', 5), ...at('192.0.2.9', 5)], other, 'from-many', 'to-many'],
  ['two on one machine', at('127.0.0.1', 5, 5), at('127.0.0.1', 6, 6), 'none', 'none']
]
for (const [title, mine, theirs, kind, back] of cases) {
  test(`${title}: ${kind} here, ${back} there`, () => {
    const [here, there] = [planPunch(mine, theirs), planPunch(theirs, mine)]
    assert.equal([here.kind, there.kind], [kind, back])
    if (here.kind !== 'none') assert.equal(here.to, theirs[0])
    if (there.kind !== 'none') assert.equal(there.to, mine[0])
    if (here.kind === 'from-many' && there.kind === 'to-many')
      assert.equal([here.count, there.count], [MANY_PORTS, MANY_PORTS])
  })
}

test('a NAT counts as symmetric only where two observations differ', () => {
  assert.equal([nothing, once, cone, symmetric].map(isSymmetric), [false, false, false, true])
})

test.run()
