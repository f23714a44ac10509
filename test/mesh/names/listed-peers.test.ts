/** Which peers the names and ids of a list mean. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { namesOf, type PeerList, refusalOfPeer } from '../../../node/mesh/names/listed-peers.ts'
import { newSigner } from '../../helpers/streams.ts'

const test = suite('peers that a list means')
const [one, other] = [newSigner().peer, newSigner().peer]

type Row = [what: string, rule: PeerList, named: Record<string, string[]>, bound: Record<string, string>, why?: RegExp]
const table: Row[] = [
  ['all', true, {}, {}],
  ['none', false, { cleo: [one] }, {}, /^does not name 12D3/],
  ['its id', [one], {}, {}],
  ['its name', ['cleo'], { cleo: [one] }, {}],
  [
    'a name that two have',
    ['cleo'],
    { cleo: [one, other] },
    {},
    /names cleo, as 2 peers call themselves: .* name its id/
  ],
  ['a name that two have, and its id', ['cleo', one], { cleo: [one, other] }, {}],
  ['its name, which is bound to it', ['cleo'], { cleo: [one, other] }, { cleo: one }],
  ['its former name, which is bound to it', ['cleo'], {}, { cleo: one }],
  [
    'its name, which is bound to another',
    ['cleo'],
    { cleo: [one] },
    { cleo: other },
    /names cleo, which is 12D3\w+ here/
  ],
  ['the id of another, by which it calls itself', [other], { [other]: [one] }, {}, /^does not name 12D3/]
]

for (const [what, rule, named, bound, why] of table) {
  test(`a list of ${what} ${why == null ? 'lets a peer in' : 'does not'}`, () => {
    const asking = { peer: one, named: (name: string) => named[name] ?? [], boundTo: (name: string) => bound[name] }
    const refusal = refusalOfPeer(rule, asking)
    if (why != null) {
      assert.match(refusal ?? '', why)
      assert.equal(namesOf(rule, asking), [])
    } else assert.is(refusal, undefined)
  })
}

test.run()
