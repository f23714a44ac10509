import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { costsIn } from '../../../node/run/hooks/observation-cost.ts'

const test = suite('what watching one sample cost')

const step = { number: 1, name: 'default', sample: 2 }
const cost = { elapsed: 1, user: 1, system: 1, tools: 0, voluntary: 1, involuntary: 0, sent: 0, received: 0 }
const roster = ['a', 'b'].map(peer => ({ peer, name: `${peer}-name` })) as never
const answer = (by: string, observed?: typeof cost) => ({ by, value: { observed } }) as never

test('it stands under the names of the members that told it', () => {
  assert.equal(costsIn(step, roster, [answer('a', cost), answer('b'), answer('stranger', cost)]), [
    { step, members: [{ name: 'a-name', ...cost }] }
  ])
})

test('a sample of which nobody told anything is left out', () => {
  assert.equal(costsIn(step, roster, [answer('a')]), [])
})

test.run()
