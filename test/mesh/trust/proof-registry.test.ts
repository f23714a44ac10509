import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ProofRegistry } from '../../../node/mesh/trust/proof-registry.ts'
import type { Decision } from '../../../node/mesh/trust/revoked.ts'
import type { Revocation } from '../../../protocols/trust-entries.ts'
import { newSigner } from '../../helpers/streams.ts'
import { founderOf, HOUR, issuerOf, membershipOf, NOW, proofOf } from '../../helpers/trust.ts'

const test = suite('the registry of proofs')

const founder = founderOf()
const { mesh } = founder
const [a, b, c] = [newSigner().peer, newSigner().peer, newSigner().peer]

const revocation = (target: string, at = NOW, reason?: string): Decision<Revocation> => ({
  value: { mesh, target, at, reason },
  by: founder.peer
})

test('knows the role of the founder, of peers with a valid proof, and of no other', () => {
  const registry = new ProofRegistry(mesh)
  assert.is(registry.roleOf(mesh, NOW), 'admin')
  assert.is(registry.roleOf(a, NOW), undefined)
  registry.learn(proofOf(founder, a, { role: 'agent' }))
  assert.is(registry.roleOf(a, NOW), 'agent')
  assert.is(registry.roleOf(b, NOW), undefined)
})

test('the role is that of the proof that was shown last', () => {
  const registry = new ProofRegistry(mesh)
  registry.learn(proofOf(founder, a, { role: 'agent' }))
  registry.learn(proofOf(founder, a, { role: 'controller' }))
  assert.is(registry.roleOf(a, NOW), 'controller')
  assert.is(registry.proofs().length, 1)
})

test('an expired proof is refused, with both clocks and a remedy, and its role ends', () => {
  const registry = new ProofRegistry(mesh)
  const proof = proofOf(founder, a, { ttl: HOUR, name: 'rack-7' })
  registry.learn(proof)
  assert.is(registry.refusalOf(proof, NOW + HOUR + 59_000), undefined, 'a clock may be a little ahead')
  const refusal = registry.refusalOf(proof, NOW + HOUR + 60_000, NOW)
  assert.is(refusal?.code, 'expired')
  assert.match(
    refusal?.reason ?? '',
    /invitation "rack-7" ran out at 2026-11-22T\S+Z: here it is \S+Z, there \S+Z; ask an admin/
  )
  assert.is(registry.roleOf(a, NOW + HOUR + 60_000), undefined)
})

test('a revoked peer is refused, with the revoker, the time and the reason', () => {
  const registry = new ProofRegistry(mesh)
  const proof = proofOf(founder, a)
  registry.learn(proof)
  registry.revoke(revocation(a, NOW, 'sold'))
  const refusal = registry.refusalOf(proof, NOW)
  assert.is(refusal?.code, 'revoked')
  assert.match(refusal?.reason ?? '', /^it was revoked by the founder at 2026-\S+: sold; ask an admin/)
  assert.is(registry.roleOf(a, NOW), undefined)
})

test('a revoked invitation refuses all peers that came by it, renewed or not, and no other', () => {
  const registry = new ProofRegistry(mesh)
  const [came, other] = [proofOf(founder, a), proofOf(founder, c)]
  const renewed = membershipOf(founder, came)
  registry.revoke(revocation(came.invitation as string))
  assert.is(registry.refusalOf(came, NOW)?.code, 'revoked')
  assert.is(registry.refusalOf(renewed, NOW)?.code, 'revoked')
  assert.is(registry.refusalOf(other, NOW), undefined)
})

test('a revoked admin refuses all peers below it in the chain, but none that the founder renewed since', () => {
  const registry = new ProofRegistry(mesh)
  const signer = newSigner()
  const admin = issuerOf(mesh, signer, proofOf(founder, signer.peer, { role: 'admin' }))
  const [hangs, renewed] = [proofOf(admin, a), membershipOf(founder, proofOf(admin, b))]
  registry.revoke(revocation(signer.peer))
  assert.match(registry.refusalOf(hangs, NOW)?.reason ?? '', `${signer.peer}, who admitted it, was revoked`)
  assert.is(registry.refusalOf(renewed, NOW), undefined)
})

test('an invitation admits as many peers as it has uses: the first ones, any number of times', () => {
  const registry = new ProofRegistry(mesh)
  const terms = { uses: 2 }
  const first = proofOf(founder, a, terms)
  const sameTicket = (peer: string) => ({ ...first, peer })
  registry.learn(first)
  assert.is(registry.refusalOf(sameTicket(b), NOW), undefined)
  registry.learn(sameTicket(b))
  const refusal = registry.refusalOf(sameTicket(c), NOW)
  assert.is(refusal?.code, 'used-up')
  assert.match(refusal?.reason ?? '', /may be used 2 times, and was that often; ask an admin/)
  for (const peer of [a, b]) assert.is(registry.refusalOf(sameTicket(peer), NOW), undefined)
  assert.equal(registry.usersOf(first.invitation as string), [a, b])
})

test('a peer that left still counts as a use of its invitation', () => {
  const registry = new ProofRegistry(mesh)
  const first = proofOf(founder, a, { uses: 1 })
  registry.learn(first)
  registry.remove(a)
  assert.is(registry.proof(a), undefined)
  assert.is(registry.refusalOf({ ...first, peer: b }, NOW)?.code, 'used-up')
})

test('a peer with a membership counts before earlier peers without one', () => {
  const registry = new ProofRegistry(mesh)
  const first = proofOf(founder, a, { uses: 1 })
  const second = { ...first, peer: b }
  registry.learn(first)
  registry.learn({ ...membershipOf(founder, first), peer: b })
  assert.is(registry.refusalOf(first, NOW)?.code, 'used-up')
  assert.is(registry.refusalOf(second, NOW), undefined)
  registry.learn(second)
  assert.equal(
    registry.usersOf(first.invitation as string),
    [b, a],
    'an older proof of the same peer takes nothing back'
  )
})

test('a membership does not depend on the uses of its invitation', () => {
  const registry = new ProofRegistry(mesh)
  const first = proofOf(founder, a, { uses: 1 })
  registry.learn(first)
  assert.is(registry.refusalOf({ ...membershipOf(founder, first), peer: c }, NOW), undefined)
})

test.run()
