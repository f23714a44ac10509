import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Decision, effectiveRevocations, revocationOf } from '../../../node/mesh/trust/revoked.ts'
import type { Proof } from '../../../protocols/proof.ts'
import type { Revocation } from '../../../protocols/trust-entries.ts'

const test = suite('revocations')

/** A proof in name only: what counts here is who is who. */
const proofOf = (peer: string, issuers = ['founder'], invitations: string[] = []): Proof =>
  ({ peer, role: 'admin', issuers, invitations }) as unknown as Proof

const by = (signer: string, target: string, at: number, proof?: Proof): Decision<Revocation> => ({
  value: { mesh: 'founder', target, at },
  by: signer,
  proof: signer === 'founder' ? undefined : (proof ?? proofOf(signer))
})
const targets = (all: Decision<Revocation>[]) => [...effectiveRevocations('founder', all).keys()].sort()

const cases: Array<[title: string, all: Decision<Revocation>[], revoked: string[]]> = [
  ['of the founder and of an admin count', [by('founder', 'x', 1), by('a', 'y', 2)], ['x', 'y']],
  ['of an admin count that is revoked later', [by('a', 'x', 1), by('founder', 'a', 2)], ['a', 'x']],
  ['of an admin that was revoked before do not', [by('founder', 'a', 1), by('a', 'x', 2)], ['a']],
  ['of two admins against each other: the earlier counts', [by('a', 'b', 1), by('b', 'a', 2)], ['b']],
  [
    'of an admin count again where what revoked it does not',
    [by('founder', 'b', 1), by('b', 'a', 2), by('a', 'x', 3)],
    ['b', 'x']
  ],
  [
    'of an admin whose own admin was revoked do not',
    [by('founder', 'a', 1), by('c', 'x', 2, proofOf('c', ['a', 'founder']))],
    ['a']
  ],
  [
    'of an admin whose invitation was revoked do not',
    [by('founder', 'i', 1), by('c', 'x', 2, proofOf('c', ['founder'], ['i']))],
    ['i']
  ],
  ['of the founder are of nobody', [by('a', 'founder', 1)], []],
  ['of the same target twice: the first is told', [by('founder', 'x', 2), by('a', 'x', 1)], ['x']]
]
for (const [title, all, revoked] of cases) {
  test(title, () => {
    assert.equal(targets(all), revoked)
    assert.equal(targets([...all].reverse()), revoked)
  })
}

test('give one result, whatever the order in which they arrive', () => {
  const names = fc.constantFrom('a', 'b', 'c', 'd')
  const one = fc.tuple(fc.constantFrom('founder', 'a', 'b', 'c'), names, fc.integer({ min: 0, max: 4 }))
  const crowd = fc.array(one, { maxLength: 10 }).map(all => all.map(([signer, target, at]) => by(signer, target, at)))
  fc.assert(
    fc.property(
      crowd.chain(all => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
      ([all, shuffled]) => {
        const said = (each: Decision<Revocation>[]) =>
          [...effectiveRevocations('founder', each)].map(([target, { by, value }]) => `${target} ${by} ${value.at}`)
        assert.equal(said(shuffled), said(all))
        const revoked = effectiveRevocations('founder', all)
        for (const { by: signer, value } of all) {
          if (signer === 'founder') assert.ok(revoked.has(value.target), 'the founder always has its way')
        }
      }
    ),
    { numRuns: 500 }
  )
})

test('void the proofs of a peer, of an admin’s whole chain, and of an invitation', () => {
  const revoked = effectiveRevocations('founder', [by('founder', 'x', 1)])
  assert.ok(revocationOf(revoked, proofOf('x')))
  assert.ok(revocationOf(revoked, proofOf('y', ['x', 'founder'])))
  assert.ok(revocationOf(revoked, proofOf('y', ['founder'], ['i', 'x'])))
  assert.not(revocationOf(revoked, proofOf('y', ['founder'], ['i'])))
  assert.not(revocationOf(revoked, undefined))
})

test.run()
