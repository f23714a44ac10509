import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { endOf } from '../../../node/mesh/trust/mesh-secret.ts'
import { countRevocations } from '../../../node/mesh/trust/revoked.ts'
import { checkFact, TrustLog } from '../../../node/mesh/trust/trust-log.ts'
import { seal } from '../../../protocols/envelope.ts'
import type { Issuer } from '../../../protocols/membership.ts'
import { writeProof } from '../../../protocols/membership.ts'
import { acceptTicket } from '../../../protocols/ticket.ts'
import { type Fact, factId, revocationSubject, rotationSubject } from '../../../protocols/trust.ts'
import { newSigner } from '../../helpers/streams.ts'
import { founderOf, HOUR, issuerOf, membershipOf, NOW, proofOf, ticketOf } from '../../helpers/trust.ts'

const test = suite('what the mesh decided')

const founder = founderOf()
const { mesh } = founder
const peer = newSigner().peer

function adminOf(role: 'admin' | 'controller' = 'admin'): Issuer & { proof: Uint8Array } {
  const signer = newSigner()
  const proof = proofOf(founder, signer.peer, { role })
  return { ...issuerOf(mesh, signer, proof), proof: proof.bytes }
}
const proofBytes = ({ links: [leaf, ...via] }: Issuer) => (leaf == null ? undefined : writeProof(leaf, via))

const revoke = (issuer: Issuer, target: string, at = NOW): Fact => ({
  type: 'revocation',
  sealed: seal(revocationSubject, { mesh: issuer.mesh, target, at }, issuer),
  proof: proofBytes(issuer)
})
const rotate = (issuer: Issuer, generation: number, change: object = {}): Fact => {
  const value = {
    mesh,
    generation,
    secret: new Uint8Array(32).fill(generation),
    issued: NOW,
    until: NOW + HOUR,
    ...change
  }
  return { type: 'rotation', sealed: seal(rotationSubject, value, issuer), proof: proofBytes(issuer) }
}

test('of the founder or an admin is taken, whoever brings it', () => {
  for (const issuer of [founder, adminOf()]) {
    for (const fact of [revoke(issuer, peer), rotate(issuer, 7)]) assert.is(checkFact(mesh, fact).type, fact.type)
  }
})

const stranger = founderOf()
const bad: Array<[title: string, fact: () => Fact, why: RegExp]> = [
  ['of a controller', () => revoke(adminOf('controller'), peer), /does not prove to be an admin/],
  ['of a controller, who rotates', () => rotate(adminOf('controller'), 2), /does not prove to be an admin/],
  ['of a stranger', () => revoke({ ...stranger, mesh }, peer), /does not prove to be an admin/],
  ['of another mesh', () => revoke(stranger, peer), /of mesh/],
  [
    'of an admin with the proof of another',
    () => ({ ...revoke(adminOf(), peer), proof: adminOf().proof }),
    /does not prove/
  ],
  ['of an admin whose time was over', () => revoke(adminOf(), peer, NOW + 2 * HOUR), /no admin any more/],
  ['against the founder', () => revoke(adminOf(), mesh), /revoked the founder/],
  ['with a letter changed', () => withChange(revoke(founder, peer)), /signature/],
  ['a revocation as a rotation', () => ({ ...revoke(founder, peer), type: 'rotation' }) as Fact, /signature/],
  [
    'the use of a membership',
    () => ({ type: 'use', proof: membershipOf(founder, proofOf(founder, peer)).bytes }),
    /without an invitation/
  ],
  ['the use of what anybody may use', () => ({ type: 'use', proof: proofOf(founder, peer).bytes }), /at any number/]
]
for (const [title, fact, why] of bad) {
  test(`${title} is refused`, () => {
    assert.throws(
      () => checkFact(mesh, fact()),
      (error: Error) => why.test(error.message)
    )
  })
}

function withChange(fact: Fact): Fact {
  if (fact.type === 'use') return fact
  const { body } = fact.sealed
  return { ...fact, sealed: { ...fact.sealed, body: body.with(-1, (body.at(-1) as number) ^ 1) } }
}

test('stays good when the proof of its admin has run out since', () => {
  const admin = adminOf()
  assert.is(checkFact(mesh, revoke(admin, peer, NOW + HOUR)).type, 'revocation')
})

test('is the same decision, whatever proof travels with it', () => {
  const admin = adminOf()
  const fact = revoke(admin, peer)
  const renewed = membershipOf(founder, proofOf(founder, admin.peer, { role: 'admin' }))
  assert.is(factId(fact), factId({ ...fact, proof: renewed.bytes } as Fact))
  assert.is.not(factId(fact), factId(revoke(admin, peer, NOW + 1)))
})

test('a peer that accepts the same invitation again uses it once', () => {
  const facts = new TrustLog()
  const ticket = ticketOf(founder, { uses: 3 })
  for (const at of [NOW, NOW + 1, NOW + 2]) {
    facts.add(checkFact(mesh, { type: 'use', proof: acceptTicket(ticket, peer, at).bytes }), NOW)
  }
  assert.is(facts.all().length, 1)
  facts.add(checkFact(mesh, { type: 'use', proof: acceptTicket(ticket, newSigner().peer, NOW).bytes }), NOW)
  assert.is(facts.all().length, 2)
})

test('is news once', () => {
  const facts = new TrustLog()
  const checked = checkFact(mesh, revoke(founder, peer))
  assert.equal([facts.add(checked, NOW), facts.add(checked, NOW)], [true, false])
  assert.equal(facts.ids(), [checked.id])
  assert.equal(facts.get(checked.id), checked.fact)
})

test('a use is kept until its invitation has run out', () => {
  const facts = new TrustLog()
  const use = (uses: number, ttl: number) =>
    checkFact(mesh, { type: 'use', proof: proofOf(founder, newSigner().peer, { uses, ttl }).bytes })
  assert.is(facts.add(use(1, HOUR), NOW), true)
  assert.is(facts.add(use(1, HOUR), NOW + 2 * HOUR), false)
  assert.is(facts.all().length, 1)
})

test('the secrets are those of the founding, of tickets and of rotations, the newest first, four at most', () => {
  const facts = new TrustLog()
  const base = [{ generation: 1, value: new Uint8Array(32).fill(9) }]
  for (const generation of [30, 2, 57, 44, 3]) facts.add(checkFact(mesh, rotate(founder, generation)), NOW)
  const secrets = facts.secrets(base, new Map())
  assert.equal(
    secrets.map(({ generation }) => generation),
    [57, 44, 30, 3]
  )
  assert.equal(facts.secrets([], new Map()).length, 4)
  assert.is(facts.all().length, 4, 'older rotations are forgotten')
})

test('an older secret ends when the first rotation after it says, the newest does not end', () => {
  const facts = new TrustLog()
  const base = [{ generation: 1, value: new Uint8Array(32) }]
  facts.add(checkFact(mesh, rotate(founder, 5, { until: NOW + 10 })), NOW)
  facts.add(checkFact(mesh, rotate(founder, 9, { until: NOW + 5 })), NOW)
  const secrets = facts.secrets(base, new Map())
  assert.equal(
    [1, 5, 9].map(generation => endOf(secrets, generation)),
    [NOW + 5, NOW + 5, undefined]
  )
  assert.is(endOf(base, 1), undefined)
})

test('a rotation counts unless its admin had been revoked when it signed', () => {
  const [early, late] = [adminOf(), adminOf()]
  const facts = new TrustLog()
  facts.add(checkFact(mesh, rotate(early, 5, { issued: NOW })), NOW)
  facts.add(checkFact(mesh, rotate(late, 6, { issued: NOW + 20 })), NOW)
  const revocations = [early, late].map(({ peer: target }) => ({
    value: { mesh, target, at: NOW + 10 },
    by: founder.peer
  }))
  const secrets = facts.secrets([], countRevocations(mesh, revocations))
  assert.equal(
    secrets.map(({ generation }) => generation),
    [5]
  )
})

test('of two rotations that took the same number the same one counts, whichever came first', () => {
  const both = [rotate(founder, 5), rotate(founder, 5, { secret: new Uint8Array(32).fill(77) })]
  const secretOf = (all: Fact[]) => {
    const facts = new TrustLog()
    for (const each of all) facts.add(checkFact(mesh, each), NOW)
    return facts.secrets([], new Map())
  }
  assert.equal(secretOf(both), secretOf([...both].reverse()))
  assert.is(secretOf(both).length, 1)
})

test.run()
