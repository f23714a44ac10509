import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Refusing } from '../../../node/mesh/libp2p/encrypter.ts'
import { FirstJoin } from '../../../node/mesh/trust/first-join.ts'

const test = suite('the first join')

const refusing = (change: Partial<Refusing>): Refusing => ({
  direction: 'outbound',
  address: '/ip4/192.0.2.7/tcp/4001',
  by: 'them',
  code: 'expired',
  reason: change.code ?? 'expired',
  ...change
})

const rounds: Array<[title: string, round: Partial<Refusing>[], hope: boolean]> = [
  ['nobody answered', [], true],
  ['a peer of the mesh says that the ticket has run out', [{ code: 'expired' }], false],
  ['a peer of the mesh says that it was revoked', [{ code: 'revoked' }], false],
  ['a peer of the mesh says that it was used up', [{ code: 'used-up' }], false],
  ['a peer of the mesh knows a newer secret', [{ code: 'old-secret' }], false],
  ['one of several peers refuses for good', [{ code: 'gone', by: 'us' }, { code: 'expired' }], false],
  ['whoever answered is of another mesh', [{ code: 'wrong-secret', by: 'us' }], false],
  [
    'one is of another mesh, another went away',
    [
      { code: 'wrong-secret', by: 'us' },
      { code: 'gone', by: 'us' }
    ],
    true
  ],
  ['another peer answers', [{ code: 'other-peer', by: 'us' }], true],
  ['it took too long', [{ code: 'too-slow', by: 'us' }], true],
  ['this peer refuses the other', [{ code: 'expired', by: 'us' }], true],
  ['somebody who dialled was refused', [{ direction: 'inbound', code: 'expired' }], true]
]
for (const [title, round, hope] of rounds) {
  test(`where ${title} further tries are ${hope ? 'useful' : 'pointless'}`, () => {
    const first = new FirstJoin()
    for (const each of round) first.refused(refusing(each))
    assert.is(first.finalRefusal() === undefined, hope)
    assert.is(first.finalRefusal(), undefined, 'the next round is judged by itself')
  })
}

test('the reason is that of the final refusal', () => {
  const first = new FirstJoin()
  first.refused(refusing({ code: 'gone', by: 'us' }))
  first.refused(refusing({ code: 'revoked', reason: 'it was revoked' }))
  assert.is(first.finalRefusal(), 'it was revoked')
})

test.run()
