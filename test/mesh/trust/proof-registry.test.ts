import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ProofRegistry } from '../../../node/mesh/trust/proof-registry.ts'
import type { Decision } from '../../../node/mesh/trust/revoked.ts'
import type { Revocation } from '../../../protocols/trust.ts'
import { newSigner } from '../../helpers/streams.ts'
import { founderOf, HOUR, issuerOf, membershipOf, NOW, proofOf } from '../../helpers/trust.ts'

const test = suite('the roll')

const founder = founderOf()
const { mesh } = founder
const [a, b, c] = [newSigner().peer, newSigner().peer, newSigner().peer]

const revocation = (target: string, at = NOW, reason?: string): Decision<Revocation> => ({
  value: { mesh, target, at, reason },
  by: founder.peer
})

test('knows the role of the founder, of who showed a good proof, and of nobody else', () => {
  const roll = new ProofRegistry(mesh)
  assert.is(roll.role(mesh, NOW), 'admin')
  assert.is(roll.role(a, NOW), undefined)
  roll.learn(proofOf(founder, a, { role: 'agent' }))
  assert.is(roll.role(a, NOW), 'agent')
  assert.is(roll.role(b, NOW), undefined)
})

test('the role is that of the proof that was shown last', () => {
  const roll = new ProofRegistry(mesh)
  roll.learn(proofOf(founder, a, { role: 'agent' }))
  roll.learn(proofOf(founder, a, { role: 'controller' }))
  assert.is(roll.role(a, NOW), 'controller')
  assert.is(roll.proofs().length, 1)
})

test('a proof that ran out is refused, with both clocks and how to mend it, and the role is gone with it', () => {
  const roll = new ProofRegistry(mesh)
  const proof = proofOf(founder, a, { ttl: HOUR, name: 'rack-7' })
  roll.learn(proof)
  assert.is(roll.refusal(proof, NOW + HOUR + 59_000), undefined, 'a clock may be a little ahead')
  const refusal = roll.refusal(proof, NOW + HOUR + 60_000, NOW)
  assert.is(refusal?.code, 'expired')
  assert.match(
    refusal?.reason ?? '',
    /invitation rack-7 ran out at 2026-11-22T\S+Z: here it is \S+Z, there \S+Z; ask an admin/
  )
  assert.is(roll.role(a, NOW + HOUR + 60_000), undefined)
})

test('a revoked peer is refused with who revoked it, when and why', () => {
  const roll = new ProofRegistry(mesh)
  const proof = proofOf(founder, a)
  roll.learn(proof)
  roll.revoke(revocation(a, NOW, 'sold'))
  const refusal = roll.refusal(proof, NOW)
  assert.is(refusal?.code, 'revoked')
  assert.match(refusal?.reason ?? '', /^it was revoked by the founder at 2026-\S+: sold; ask an admin/)
  assert.is(roll.role(a, NOW), undefined)
})

test('with an invitation all who came by it are refused, renewed or not, and nobody else', () => {
  const roll = new ProofRegistry(mesh)
  const [came, other] = [proofOf(founder, a), proofOf(founder, c)]
  const renewed = membershipOf(founder, came)
  roll.revoke(revocation(came.invitation as string))
  assert.is(roll.refusal(came, NOW)?.code, 'revoked')
  assert.is(roll.refusal(renewed, NOW)?.code, 'revoked')
  assert.is(roll.refusal(other, NOW), undefined)
})

test('with an admin all are refused that hang on its proof, but not who was renewed by the founder since', () => {
  const roll = new ProofRegistry(mesh)
  const signer = newSigner()
  const admin = issuerOf(mesh, signer, proofOf(founder, signer.peer, { role: 'admin' }))
  const [hangs, renewed] = [proofOf(admin, a), membershipOf(founder, proofOf(admin, b))]
  roll.revoke(revocation(signer.peer))
  assert.match(roll.refusal(hangs, NOW)?.reason ?? '', `${signer.peer}, who let it in, was revoked`)
  assert.is(roll.refusal(renewed, NOW), undefined)
})

test('an invitation lets in as many as it says: who is seen first, and again and again', () => {
  const roll = new ProofRegistry(mesh)
  const wish = { uses: 2 }
  const first = proofOf(founder, a, wish)
  const sameTicket = (peer: string) => ({ ...first, peer })
  roll.learn(first)
  assert.is(roll.refusal(sameTicket(b), NOW), undefined)
  roll.learn(sameTicket(b))
  const refusal = roll.refusal(sameTicket(c), NOW)
  assert.is(refusal?.code, 'used-up')
  assert.match(refusal?.reason ?? '', /may be used 2 times, and was that often; ask an admin/)
  for (const peer of [a, b]) assert.is(roll.refusal(sameTicket(peer), NOW), undefined)
  assert.equal(roll.users(first.invitation as string), [a, b])
})

test('who is gone has used its invitation all the same', () => {
  const roll = new ProofRegistry(mesh)
  const first = proofOf(founder, a, { uses: 1 })
  roll.learn(first)
  roll.forget(a)
  assert.is(roll.proof(a), undefined)
  assert.is(roll.refusal({ ...first, peer: b }, NOW)?.code, 'used-up')
})

test('who has a membership from an admin counts before those who came earlier and have none', () => {
  const roll = new ProofRegistry(mesh)
  const first = proofOf(founder, a, { uses: 1 })
  const second = { ...first, peer: b }
  roll.learn(first)
  roll.learn({ ...membershipOf(founder, first), peer: b })
  assert.is(roll.refusal(first, NOW)?.code, 'used-up')
  assert.is(roll.refusal(second, NOW), undefined)
  roll.learn(second)
  assert.equal(roll.users(first.invitation as string), [b, a], 'an older proof of the same peer takes nothing back')
})

test('a membership is not asked how often its invitation was used', () => {
  const roll = new ProofRegistry(mesh)
  const first = proofOf(founder, a, { uses: 1 })
  roll.learn(first)
  assert.is(roll.refusal({ ...membershipOf(founder, first), peer: c }, NOW), undefined)
})

test.run()
