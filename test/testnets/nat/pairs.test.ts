import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  expected,
  HOSTS,
  kindOf,
  pairsOf,
  placeOf,
  RELAYS,
  relayFlag,
  representatives
} from '../../../testnets/nat/pairs.ts'

const pairs = suite('pairs of hosts behind NATs')

pairs('have the same expected path from either end', () => {
  const table: Array<[string, string, string]> = [
    ['e1', 'e1b', 'direct'],
    ['e1', 'e2', 'punched'],
    ['e1', 's1', 'punched'],
    ['f1', 'f2', 'punched'],
    ['d', 'ub', 'punched'],
    ['s1', 's2', 'relayed'],
    ['u', 's1', 'mapped'],
    ['pub', 's1', 'direct reversed'],
    ['pub', 'u', 'direct reversed mapped']
  ]
  for (const [one, other, classes] of table) {
    assert.is(expected(one, other).join(' '), classes, `${one} ${other}`)
    assert.equal(expected(other, one), expected(one, other))
  }
})

pairs('are listed once each, and one of each two kinds represents the others', () => {
  const all = pairsOf(HOSTS)
  assert.is(all.length, (HOSTS.length * (HOSTS.length - 1)) / 2)
  const kinds = (chosen: typeof all) => new Set(chosen.map(pair => pair.map(kindOf).sort().join(' ')))
  const few = representatives(HOSTS)
  assert.equal(kinds(few), kinds(all))
  assert.ok(few.some(pair => pair.join(' ') === 'e1 e1b') && few.some(pair => pair.join(' ') === 'e1 e2'))
  assert.ok(few.length < all.length)
})

pairs('are named by what each host is behind', () => {
  for (const host of HOSTS) assert.type(placeOf(host), 'string', host)
})

pairs('share no relays but the two that are named so', () => {
  const relaying = [...RELAYS, ...HOSTS].filter(host => relayFlag(host) !== '--no-relay')
  assert.equal(relaying, RELAYS)
})

pairs.run()
