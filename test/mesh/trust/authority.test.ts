import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createLog } from '../../../node/log.ts'
import { Authority, type AuthorityInit } from '../../../node/mesh/trust/authority.ts'
import { issueInvitation } from '../../../node/mesh/trust/issue.ts'
import { newSecret } from '../../../node/mesh/trust/mesh-secret.ts'
import type { TrustFile } from '../../../node/mesh/trust/trust-file.ts'
import { seal } from '../../../protocols/envelope.ts'
import type { BakError } from '../../../protocols/errors.ts'
import { Ignored } from '../../../protocols/errors.ts'
import { revocationSubject, rotationSubject, type TrustEntry } from '../../../protocols/trust-entries.ts'
import { newSigner } from '../../helpers/streams.ts'
import { founderOf, HOUR, membershipOf, proofOf } from '../../helpers/trust.ts'

const test = suite('authority')

const founder = founderOf()
const { mesh } = founder
const peer = newSigner()
const at = Date.now()
const shown = (proof?: Uint8Array) => ({ proof, at })
const invite = (who: string, terms = {}) => proofOf(founder, who, terms, Date.now())

function authorityOf(change: Partial<AuthorityInit> = {}) {
  const log: string[] = []
  const told: string[] = []
  const saved: TrustFile[] = []
  const authority = new Authority({
    ...{ mesh, signer: founder, log: createLog('info', line => log.push(line)), secrets: [newSecret()] },
    save: file => saved.push(file),
    ...change
  })
  for (const type of ['change', 'refused', 'renewed', 'rotated'] as const) {
    authority.addEventListener(type, event => {
      const { peer: who } = (event as CustomEvent).detail ?? {}
      told.push(who == null ? type : `${type} ${who}`)
    })
  }
  return { authority, log, told, saved }
}

const revoke = (target: string): TrustEntry => ({
  type: 'revocation',
  sealed: seal(revocationSubject, { mesh, target, at: Date.now() }, founder)
})
const rotate = (generation: number, until: number): TrustEntry => {
  const value = { mesh, generation, secret: new Uint8Array(32), issued: Date.now(), until }
  return { type: 'rotation', sealed: seal(rotationSubject, value, founder) }
}

test('a peer with a valid proof is admitted, and has its role from then on', () => {
  const { authority, told } = authorityOf()
  assert.is(authority.roleOf(peer.peer), undefined)
  assert.is(authority.judge(peer.peer, shown(invite(peer.peer, { role: 'agent' }).bytes), 1), undefined)
  assert.is(authority.roleOf(peer.peer), 'agent')
  assert.equal(told, ['change'])
})

test('the founder is admitted without a proof, and is an admin', () => {
  const { authority } = authorityOf({ signer: peer, proof: invite(peer.peer).bytes })
  assert.is(authority.judge(mesh, shown(), 1), undefined)
  assert.is(authority.roleOf(mesh), 'admin')
})

const refusals: Array<[title: string, proof: () => Uint8Array | undefined, code: string]> = [
  ['nothing', () => undefined, 'no-proof'],
  ['the proof of another peer', () => invite(newSigner().peer).bytes, 'bad-proof'],
  ['what is no proof', () => new Uint8Array(7), 'bad-proof'],
  ['a proof of another mesh', () => proofOf(founderOf(), peer.peer).bytes, 'other-mesh'],
  ['one that has run out', () => proofOf(founder, peer.peer, {}, Date.now() - 2 * HOUR).bytes, 'expired']
]
for (const [title, proof, code] of refusals) {
  test(`a peer that shows ${title} is refused as ${code}, with a remedy, and has no role`, () => {
    const { authority, told } = authorityOf()
    const refusal = authority.judge(peer.peer, shown(proof()), 1)
    assert.is(refusal?.code, code)
    assert.match(refusal?.reason ?? '', 'ask an admin of the mesh for a new ticket')
    assert.is(authority.roleOf(peer.peer), undefined)
    assert.throws(
      () => authority.check(peer.peer, proof()),
      (error: BakError) => error.code === 'not-allowed' && error instanceof Ignored === (code === 'expired')
    )
    assert.equal(told, [])
  })
}

test('the proof in a record is checked like that of a handshake, and changes nothing until it is learned', () => {
  const { authority } = authorityOf()
  const proof = invite(peer.peer)
  const found = authority.check(peer.peer, proof.bytes)
  assert.is(found?.peer, peer.peer)
  assert.is(authority.roleOf(peer.peer), undefined)
  authority.learn(found)
  assert.is(authority.roleOf(peer.peer), 'controller')
  assert.is(authority.check(mesh, undefined), undefined)
})

test('a revocation is added once, dispatched and stored, and removes refused peers at the next check', () => {
  const { authority, told, saved, log } = authorityOf()
  authority.learn(invite(peer.peer))
  const entry = revoke(peer.peer)
  assert.is(authority.addEntry(entry)?.type, 'revocation')
  assert.is(authority.addEntry(entry), undefined)
  assert.is(authority.roleOf(peer.peer), undefined, 'at once')
  authority.removeRefused(Date.now())
  authority.removeRefused(Date.now())
  assert.equal(told, ['change', 'change', `refused ${peer.peer}`])
  assert.equal(saved.at(-1)?.entries, [entry])
  assert.match(log.join(''), /revoked.*\n.*no longer admitted/)
  assert.is(authority.judge(peer.peer, shown(invite(peer.peer).bytes), 1)?.code, 'revoked', 'whatever it shows then')
})

test('trust entries survive a restart', () => {
  const [gone, used] = [newSigner().peer, invite(newSigner().peer, { uses: 1 })]
  const first = authorityOf()
  first.authority.addEntry(revoke(gone))
  first.authority.addEntry(rotate(9, Date.now() + HOUR))
  first.authority.learn(used)
  const { authority } = authorityOf({ known: first.saved.at(-1) })
  assert.is(authority.judge(gone, shown(invite(gone).bytes), 9)?.code, 'revoked')
  assert.equal(
    authority.secrets.map(({ generation }) => generation),
    [9, 1]
  )
  assert.equal(authority.proofRegistry.usersOf(used.invitation as string), [used.peer])
})

test('the next check is due when the next proof runs out', () => {
  const { authority } = authorityOf()
  assert.is(authority.removeRefused(Date.now()), Number.POSITIVE_INFINITY)
  const [soon, late] = [invite(peer.peer, { ttl: 10_000 }), invite(newSigner().peer)]
  authority.learn(late)
  authority.learn(soon)
  const next = authority.removeRefused(Date.now())
  assert.is(next, soon.expires + 1_000)
  authority.removeRefused(next)
  assert.equal(
    authority.proofRegistry.proofs().map(each => each.peer),
    [late.peer]
  )
})

test('a peer that knows only an older secret is admitted until that one ends', () => {
  const { authority, told } = authorityOf()
  authority.addEntry(rotate(9, Date.now() + HOUR))
  assert.ok(told.includes('rotated'))
  const proof = shown(invite(peer.peer).bytes)
  assert.equal([authority.judge(peer.peer, proof, 1), authority.judge(peer.peer, proof, 9)], [undefined, undefined])
  authority.addEntry(rotate(11, Date.now() - 1))
  for (const generation of [1, 9]) assert.is(authority.judge(peer.peer, proof, generation)?.code, 'old-secret')
  assert.is(authority.judge(peer.peer, proof, 11), undefined)
})

test('the own proof is replaced by one that lasts longer, and by a membership that lasts as long', () => {
  const own = invite(peer.peer)
  const { authority, told } = authorityOf({ signer: peer, proof: own.bytes })
  const shorter = membershipOf(founder, invite(peer.peer, { ttl: 1_000 }), 1_000, Date.now())
  assert.is(authority.replaceOwnProof(shorter.bytes), false)
  assert.is(authority.ownProof?.expires, own.expires)
  const longer = membershipOf(founder, own, 2 * HOUR, Date.now())
  assert.is(authority.replaceOwnProof(longer.bytes), true)
  assert.equal(authority.ownProofBytes, longer.bytes)
  assert.is(authority.replaceOwnProof(longer.bytes), false)
  assert.equal(told, [`renewed ${peer.peer}`, 'change'])
  assert.throws(() => authority.replaceOwnProof(invite(newSigner().peer).bytes), /of another peer/)
})

test('only an admin can sign for the mesh, as long as its own proof is valid', () => {
  const signerOf = (proof: Uint8Array) => authorityOf({ signer: peer, proof }).authority
  assert.is(authorityOf().authority.issuer?.expires, Number.POSITIVE_INFINITY)
  assert.is(signerOf(invite(peer.peer, { role: 'controller' }).bytes).issuer, undefined)
  const admin = invite(peer.peer, { role: 'admin' })
  assert.equal(signerOf(admin.bytes).issuer?.links, admin.links)
  const over = proofOf(founder, peer.peer, { role: 'admin' }, Date.now() - 2 * HOUR)
  assert.is(signerOf(over.bytes).issuer, undefined)
  assert.match(signerOf(over.bytes).ownRefusal ?? '', /ran out/)
})

test('a peer that is revoked itself logs it', () => {
  const { authority, log } = authorityOf({ signer: peer, proof: invite(peer.peer).bytes })
  assert.is(authority.ownRefusal, undefined)
  authority.addEntry(revoke(peer.peer))
  authority.removeRefused(Date.now())
  assert.match(authority.ownRefusal ?? '', /^it was revoked by the founder/)
  assert.match(log.join(''), /ERROR.*this peer is no longer admitted/)
})

test('issued invitations are kept until a month after they expire', () => {
  const { authority, saved } = authorityOf()
  const keep = (name: string, now: number) =>
    authority.addInvitation(issueInvitation(founder, { role: 'agent', ttl: HOUR, name }, now).sealed)
  keep('old', Date.now() - 31 * 24 * HOUR)
  keep('new', Date.now())
  keep('newer', Date.now())
  assert.equal(
    authority.issuedInvitations.map(({ name }) => name),
    ['new', 'newer']
  )
  assert.is(saved.at(-1)?.issued.length, 2)
})

test.run()
