import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { endOf } from '../../../node/mesh/trust/mesh-secret.ts'
import { effectiveRevocations } from '../../../node/mesh/trust/revoked.ts'
import { checkTrustEntry, TrustLog } from '../../../node/mesh/trust/trust-log.ts'
import { seal } from '../../../protocols/envelope.ts'
import type { Issuer } from '../../../protocols/membership.ts'
import { writeProof } from '../../../protocols/membership.ts'
import type { Proof } from '../../../protocols/proof.ts'
import { acceptTicket, type Ticket } from '../../../protocols/ticket.ts'
import {
  MAX_SURPLUS_USES,
  MAX_USES_KNOWN,
  revocationSubject,
  rotationSubject,
  type TrustEntry,
  trustEntryId
} from '../../../protocols/trust-entries.ts'
import { newSigner } from '../../helpers/streams.ts'
import { founderOf, HOUR, issuerOf, membershipOf, NOW, proofOf, ticketOf } from '../../helpers/trust.ts'

const test = suite('trust entries')

const founder = founderOf()
const { mesh } = founder
const peer = newSigner().peer

function adminOf(role: 'admin' | 'controller' = 'admin'): Issuer & { proof: Uint8Array } {
  const signer = newSigner()
  const proof = proofOf(founder, signer.peer, { role })
  return { ...issuerOf(mesh, signer, proof), proof: proof.bytes }
}
const proofBytes = ({ links: [leaf, ...via] }: Issuer) => (leaf == null ? undefined : writeProof(leaf, via))

const revoke = (issuer: Issuer, target: string, at = NOW): TrustEntry => ({
  type: 'revocation',
  sealed: seal(revocationSubject, { mesh: issuer.mesh, target, at }, issuer),
  proof: proofBytes(issuer)
})
const rotate = (issuer: Issuer, generation: number, change: object = {}): TrustEntry => {
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

test('of the founder or an admin are valid, whichever peer sends them', () => {
  for (const issuer of [founder, adminOf()]) {
    for (const entry of [revoke(issuer, peer), rotate(issuer, 7)])
      assert.is(checkTrustEntry(mesh, entry).type, entry.type)
  }
})

const stranger = founderOf()
const bad: Array<[title: string, entry: () => TrustEntry, why: RegExp]> = [
  ['of a controller', () => revoke(adminOf('controller'), peer), /is not proven to be an admin/],
  ['of a controller, who rotates', () => rotate(adminOf('controller'), 2), /is not proven to be an admin/],
  ['of a stranger', () => revoke({ ...stranger, mesh }, peer), /is not proven to be an admin/],
  ['of another mesh', () => revoke(stranger, peer), /of mesh/],
  [
    'of an admin with the proof of another',
    () => ({ ...revoke(adminOf(), peer), proof: adminOf().proof }),
    /is not proven to be an admin/
  ],
  ['of an admin whose proof had run out', () => revoke(adminOf(), peer, NOW + 2 * HOUR), /no longer an admin/],
  ['against the founder', () => revoke(adminOf(), mesh), /revoked the founder/],
  ['with a letter changed', () => withChange(revoke(founder, peer)), /signature/],
  ['a revocation as a rotation', () => ({ ...revoke(founder, peer), type: 'rotation' }) as TrustEntry, /signature/],
  [
    'the use of a membership',
    () => ({ type: 'use', proof: membershipOf(founder, proofOf(founder, peer)).bytes }),
    /without an invitation/
  ],
  [
    'the use of an invitation without a limit',
    () => ({ type: 'use', proof: proofOf(founder, peer).bytes }),
    /without a limit of uses/
  ]
]
for (const [title, entry, why] of bad) {
  test(`${title} is refused`, () => {
    assert.throws(
      () => checkTrustEntry(mesh, entry()),
      (error: Error) => why.test(error.message)
    )
  })
}

function withChange(entry: TrustEntry): TrustEntry {
  if (entry.type === 'use') return entry
  const { body } = entry.sealed
  return { ...entry, sealed: { ...entry.sealed, body: body.with(-1, (body.at(-1) as number) ^ 1) } }
}

test('stay valid when the proof of their admin has run out since', () => {
  const admin = adminOf()
  assert.is(checkTrustEntry(mesh, revoke(admin, peer, NOW + HOUR)).type, 'revocation')
})

test('have one id for the same decision, whichever proof is sent with it', () => {
  const admin = adminOf()
  const entry = revoke(admin, peer)
  const renewed = membershipOf(founder, proofOf(founder, admin.peer, { role: 'admin' }))
  assert.is(trustEntryId(entry), trustEntryId({ ...entry, proof: renewed.bytes } as TrustEntry))
  assert.is.not(trustEntryId(entry), trustEntryId(revoke(admin, peer, NOW + 1)))
})

test('a peer that accepts the same invitation again uses it once', () => {
  const entries = new TrustLog()
  const ticket = ticketOf(founder, { uses: 3 })
  for (const at of [NOW, NOW + 1, NOW + 2]) {
    entries.add(checkTrustEntry(mesh, { type: 'use', proof: acceptTicket(ticket, peer, at).bytes }), NOW)
  }
  assert.is(entries.all().length, 1)
  entries.add(checkTrustEntry(mesh, { type: 'use', proof: acceptTicket(ticket, newSigner().peer, NOW).bytes }), NOW)
  assert.is(entries.all().length, 2)
})

test('are added once', () => {
  const entries = new TrustLog()
  const checked = checkTrustEntry(mesh, revoke(founder, peer))
  assert.equal([entries.add(checked, NOW), entries.add(checked, NOW)], [true, false])
  assert.equal(entries.ids(), [checked.id])
  assert.equal(entries.get(checked.id), checked.entry)
})

test('a use is kept until its invitation has run out', () => {
  const entries = new TrustLog()
  const use = (uses: number, ttl: number) =>
    checkTrustEntry(mesh, { type: 'use', proof: proofOf(founder, newSigner().peer, { uses, ttl }).bytes })
  assert.is(entries.add(use(1, HOUR), NOW), true)
  assert.is(entries.add(use(1, HOUR), NOW + 2 * HOUR), false)
  assert.is(entries.all().length, 1)
})

test('the secrets are those of the founding, of tickets and of rotations, the newest first, four at most', () => {
  const entries = new TrustLog()
  const base = [{ generation: 1, value: new Uint8Array(32).fill(9) }]
  for (const generation of [30, 2, 57, 44, 3]) entries.add(checkTrustEntry(mesh, rotate(founder, generation)), NOW)
  const secrets = entries.secrets(base, new Map())
  assert.equal(
    secrets.map(({ generation }) => generation),
    [57, 44, 30, 3]
  )
  assert.equal(entries.secrets([], new Map()).length, 4)
  assert.is(entries.all().length, 4, 'older rotations are forgotten')
})

test('an older secret ends when the first rotation after it says, the newest does not end', () => {
  const entries = new TrustLog()
  const base = [{ generation: 1, value: new Uint8Array(32) }]
  entries.add(checkTrustEntry(mesh, rotate(founder, 5, { until: NOW + 10 })), NOW)
  entries.add(checkTrustEntry(mesh, rotate(founder, 9, { until: NOW + 5 })), NOW)
  const secrets = entries.secrets(base, new Map())
  assert.equal(
    [1, 5, 9].map(generation => endOf(secrets, generation)),
    [NOW + 5, NOW + 5, undefined]
  )
  assert.is(endOf(base, 1), undefined)
})

test('a rotation is in force unless its admin had been revoked when it signed', () => {
  const [early, late] = [adminOf(), adminOf()]
  const entries = new TrustLog()
  entries.add(checkTrustEntry(mesh, rotate(early, 5, { issued: NOW })), NOW)
  entries.add(checkTrustEntry(mesh, rotate(late, 6, { issued: NOW + 20 })), NOW)
  const revocations = [early, late].map(({ peer: target }) => ({
    value: { mesh, target, at: NOW + 10 },
    by: founder.peer
  }))
  const secrets = entries.secrets([], effectiveRevocations(mesh, revocations))
  assert.equal(
    secrets.map(({ generation }) => generation),
    [5]
  )
})

test('of two rotations to the same generation the same one is in force, whichever came first', () => {
  const both = [rotate(founder, 5), rotate(founder, 5, { secret: new Uint8Array(32).fill(77) })]
  const secretOf = (all: TrustEntry[]) => {
    const entries = new TrustLog()
    for (const each of all) entries.add(checkTrustEntry(mesh, each), NOW)
    return entries.secrets([], new Map())
  }
  assert.equal(secretOf(both), secretOf([...both].reverse()))
  assert.is(secretOf(both).length, 1)
})

function usesOf(ticket: Ticket, count: number): TrustEntry[] {
  return Array.from({ length: count }, () => {
    return { type: 'use', proof: acceptTicket(ticket, newSigner().peer, NOW).bytes }
  })
}

test('of one invitation a few more uses than it allows are kept, so that its holder cannot fill the list', () => {
  const log = new TrustLog()
  const flood = usesOf(ticketOf(founder, { uses: 1 }), 40)
  const known = flood.filter(each => log.add(checkTrustEntry(mesh, each), NOW))
  assert.is(known.length, 1 + MAX_SURPLUS_USES)
  const [other] = usesOf(ticketOf(founder, { uses: 1 }), 1)
  assert.ok(log.add(checkTrustEntry(mesh, other as TrustEntry), NOW))
})

test('the use of another invitation has room in a full list, at the cost of the invitation with the most uses', () => {
  const log = new TrustLog()
  const [first, ...others] = usesOf(ticketOf(founder, { uses: 1 }), 3) as [TrustEntry, ...TrustEntry[]]
  const big = ticketOf(founder, { uses: MAX_USES_KNOWN })
  // the signatures of each would take a minute: what is added is not checked again
  const { proof } = checkTrustEntry(mesh, usesOf(big, 1)[0] as TrustEntry) as { proof: Proof }
  for (let i = 0; i < MAX_USES_KNOWN; i++) {
    log.add({ type: 'use', id: `${i}`, entry: first, proof }, NOW)
  }
  assert.is(log.ids().length, MAX_USES_KNOWN)
  assert.not(log.add({ type: 'use', id: 'more', entry: first, proof }, NOW))
  for (const each of [first, ...others]) assert.ok(log.add(checkTrustEntry(mesh, each), NOW))
  assert.is(log.ids().length, MAX_USES_KNOWN)
  assert.ok(log.has(trustEntryId(first)))
  assert.ok(log.has('0'))
})

test.run()
