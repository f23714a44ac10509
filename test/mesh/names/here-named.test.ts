/** Whom a name means. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { hereNamed } from '../../../node/mesh/names/here-named.ts'
import type { MemberView } from '../../../protocols/control.ts'
import { newSigner } from '../../helpers/streams.ts'

const test = suite('the members that a name means')
const [ops, away, thief] = [newSigner().peer, newSigner().peer, newSigner().peer]
const view = (peer: string, name: string, shown = name) => ({ peer, name, shown }) as MemberView
const members = {
  list: () => [view(ops, 'ops'), view(away, 'old'), view(thief, away), view(thief, 'ops', 'ops#abc')],
  isHere: (peer: string) => peer !== away
}
const named = (asked: string) => hereNamed(members, asked).map(({ peer }) => peer)

test('are those that are here and call themselves so, or are shown so', () => {
  assert.equal(named('ops'), [ops, thief])
  assert.equal(named('ops#abc'), [thief])
  assert.equal(named('old'), [])
})

test('are none for a peer id: a peer that takes the id of another as its name does not pass for it', () => {
  assert.equal(named(away), [])
})

test.run()
