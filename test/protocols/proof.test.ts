import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { encode } from '../../protocols/codec.ts'
import { type Envelope, seal } from '../../protocols/envelope.ts'
import { BakError } from '../../protocols/errors.ts'
import {
  accept,
  acceptanceSubject,
  type Issuer,
  invitationSubject,
  MAX_CHAIN,
  MAX_PROOF,
  membershipSubject,
  ROLES,
  writeProof
} from '../../protocols/membership.ts'
import { checkProof, endOfProof, OtherMesh, type Proof, skewOf } from '../../protocols/proof.ts'
import { newSigner } from '../helpers/streams.ts'
import { founderOf, HOUR, issuerOf, membershipOf, NOW, proofOf } from '../helpers/trust.ts'

const test = suite('a proof')

const founder = founderOf()
const { mesh } = founder
const member = newSigner()

function refusalOf(bytes: Uint8Array, of = mesh): BakError {
  try {
    checkProof(of, bytes)
  } catch (error) {
    assert.ok(error instanceof BakError, String(error))
    return error as BakError
  }
  throw new Error('it passed')
}

/** An admin that the founder, or an admin below it, invited. */
function adminBelow(issuer: Issuer, ttl = HOUR): Issuer {
  const signer = newSigner()
  return issuerOf(mesh, signer, proofOf(issuer, signer.peer, { role: 'admin', ttl }))
}

test('by an invitation has its peer, role, end and issuers', () => {
  const proof = proofOf(founder, member.peer, { role: 'agent', ttl: 2 * HOUR, uses: 3, name: 'rack-7' })
  assert.equal([proof.peer, proof.role, proof.issued, proof.expires], [member.peer, 'agent', NOW, NOW + 2 * HOUR])
  assert.equal([proof.issuers, proof.invitations], [[founder.peer], [proof.invitation]])
  assert.equal([proof.invited?.uses, proof.invited?.name, proof.invited?.by], [3, 'rack-7', founder.peer])
})

test('by a membership keeps the role and the invitation by which the peer came', () => {
  const held = proofOf(founder, member.peer, { role: 'agent', name: 'rack-7' })
  const proof = membershipOf(founder, held)
  assert.equal([proof.peer, proof.role, proof.invitation], [member.peer, 'agent', held.invitation])
  assert.is(proof.name, 'rack-7')
  assert.is(proof.invited, undefined)
  assert.is(proof.expires, NOW + 30 * 24 * HOUR)
})

test('has every admin up to the founder as issuers, and the invitations of all of them', () => {
  const first = adminBelow(founder)
  const second = adminBelow(first)
  const proof = proofOf(second, member.peer)
  assert.equal(proof.issuers, [second.peer, first.peer, founder.peer])
  assert.is(new Set(proof.invitations).size, 3)
  assert.is(proof.links.length, 3)
})

test('never lasts longer than that of the admin who signed it', () => {
  const admin = adminBelow(founder, HOUR)
  assert.is(proofOf(admin, member.peer, { ttl: 24 * HOUR }).expires, NOW + HOUR)
  assert.is(membershipOf(admin, proofOf(founder, member.peer, { ttl: 24 * HOUR })).expires, NOW + HOUR)
  const longer = { mesh, peer: member.peer, role: 'agent' as const, issued: NOW, expires: NOW + HOUR + 1 }
  const forged = writeProof({ membership: seal(membershipSubject, longer, admin) }, admin.links)
  assert.match(refusalOf(forged).message, 'for longer than its own proof lasts')
})

test('of a random chain never outlives its issuers', () => {
  const lives = fc.array(fc.integer({ min: 1_000, max: 10 * HOUR }), { minLength: 1, maxLength: MAX_CHAIN })
  fc.assert(
    fc.property(lives, fc.constantFrom(...ROLES), (all, role) => {
      let issuer = founder
      for (const ttl of all.slice(0, -1)) issuer = adminBelow(issuer, ttl)
      const proof = proofOf(issuer, member.peer, { ttl: all.at(-1), role })
      assert.is(proof.expires, NOW + Math.min(...all))
      assert.is(proof.role, role)
    }),
    { numRuns: 30 }
  )
})

test('with any byte changed, removed or added is invalid', () => {
  const admin = adminBelow(founder)
  for (const proof of [proofOf(admin, member.peer, { uses: 1 }), membershipOf(admin, proofOf(founder, member.peer))]) {
    const { bytes } = proof
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.with(at, (bytes[at] as number) ^ (1 << (at % 8)))
      const error = refusalOf(changed)
      assert.ok(['bad-message', 'bad-signature', 'not-allowed'].includes(error.code), `byte ${at}: ${error.message}`)
    }
    refusalOf(bytes.subarray(0, -1))
    refusalOf(Uint8Array.of(...bytes, 0))
  }
})

test('of another mesh is invalid, and the error names that mesh', () => {
  const other = founderOf()
  const error = refusalOf(proofOf(other, member.peer).bytes)
  assert.ok(error instanceof OtherMesh)
  assert.match(error.message, other.mesh)
})

const invitationOf = ({ links: [leaf] }: Proof) => (leaf as { invitation: Envelope; acceptance: Envelope }).invitation
const by = (issuer: Issuer, change: object = {}) =>
  seal(
    membershipSubject,
    { mesh, peer: member.peer, role: 'agent', issued: NOW, expires: NOW + HOUR, ...change },
    issuer
  )
const agent = newSigner()
const asAgent = issuerOf(mesh, agent, proofOf(founder, agent.peer, { role: 'controller' }))
const stranger = founderOf()

const forged: Array<[title: string, bytes: () => Uint8Array, why: RegExp]> = [
  ['signed by no peer of the mesh', () => writeProof({ membership: by(stranger) }), /is not proven to be an admin/],
  ['that a controller signed', () => writeProof({ membership: by(asAgent) }, asAgent.links), /no admin but controller/],
  [
    'whose issuer shows the proof of another admin',
    () => writeProof({ membership: by(stranger) }, adminBelow(founder).links),
    /but the next link is of/
  ],
  [
    'whose invitation was accepted with another key',
    () => {
      const invitation = invitationOf(proofOf(founder, agent.peer))
      return writeProof({ invitation, acceptance: accept(member.peer, NOW, member) })
    },
    /not accepted with its own key/
  ],
  [
    'whose acceptance another key signed in the name of the invitation',
    () => {
      const proof = proofOf(founder, agent.peer)
      const taken = seal(acceptanceSubject, { peer: member.peer, at: NOW }, member)
      const acceptance = { ...taken, by: proof.invitation as string }
      return writeProof({ invitation: invitationOf(proof), acceptance })
    },
    /signature/
  ],
  [
    'with an invitation in the place of a membership',
    () => {
      const value = { mesh, id: member.peer, role: 'admin' as const, issued: NOW, expires: NOW + HOUR }
      return writeProof({ membership: seal(invitationSubject, value, founder) })
    },
    /signature/
  ],
  ['without a link', () => encode([]), /length/i],
  ['that is no list', () => encode({}), /array/i],
  ['that is too large', () => new Uint8Array(MAX_PROOF + 1), /too large/],
  ['that is empty', () => new Uint8Array(), /not a message/]
]
for (const [title, bytes, why] of forged) {
  test(`${title} is invalid`, () => assert.match(refusalOf(bytes()).message, why))
}

test('longer than the longest chain is invalid', () => {
  let issuer = founder
  for (let i = 0; i < MAX_CHAIN - 1; i++) issuer = adminBelow(issuer)
  assert.is(proofOf(issuer, member.peer).links.length, MAX_CHAIN)
  const last = newSigner()
  const full = issuerOf(mesh, last, proofOf(issuer, last.peer, { role: 'admin' }))
  assert.throws(() => proofOf(full, member.peer), /may not invite further/)
  refusalOf(writeProof({ membership: by(full) }, full.links))
})

test('of the longest chain, with the longest name, is within its bound', () => {
  let issuer = founder
  for (let i = 0; i < MAX_CHAIN; i++) {
    const signer = newSigner()
    const wish = { role: 'admin' as const, name: 'x'.repeat(64), uses: 10_000, ttl: HOUR / 3 }
    const proof = proofOf(issuer, signer.peer, wish, NOW + 0.123)
    assert.ok(proof.bytes.length < MAX_PROOF, String(proof.bytes.length))
    issuer = issuerOf(mesh, signer, proof)
  }
})

test('that is valid is checked once', () => {
  const { bytes } = proofOf(founder, member.peer)
  assert.is(checkProof(mesh, bytes), checkProof(mesh, new Uint8Array(bytes)))
})

test('ends a little later than it says, for clock differences: a tenth of its lifetime, at most a minute', () => {
  assert.is(skewOf({ issued: NOW, expires: NOW + 5_000 }), 500)
  assert.is(skewOf({ issued: NOW, expires: NOW + 24 * HOUR }), 60_000)
  assert.is(skewOf({ issued: NOW, expires: NOW - 1 }), 0)
  assert.is(endOfProof({ issued: NOW, expires: NOW + 5_000 }), NOW + 5_500)
})

test.run()
