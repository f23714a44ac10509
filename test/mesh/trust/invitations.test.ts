import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { findNamed, type Named } from '../../../node/mesh/trust/find.ts'
import { listInvitations } from '../../../node/mesh/trust/invitations.ts'
import { issueInvitation } from '../../../node/mesh/trust/issue.ts'
import { ProofRegistry } from '../../../node/mesh/trust/proof-registry.ts'
import type { BakError } from '../../../protocols/errors.ts'
import { newSigner } from '../../helpers/streams.ts'
import { founderOf, HOUR, membershipOf, NOW, proofOf } from '../../helpers/trust.ts'

const list = suite('the list of invitations')
const founder = founderOf()
const [a, b] = [newSigner().peer, newSigner().peer]
const issue = (name: string, terms: object = {}, now = NOW) =>
  issueInvitation(founder, { role: 'agent', ttl: HOUR, name, ...terms }, now).invitation

list(
  'has those that were issued here and those that members showed, oldest first, each with its peers and its state',
  () => {
    const registry = new ProofRegistry(founder.mesh)
    const mine = [issue('fresh'), issue('old', {}, NOW - 3 * HOUR), issue('gone')]
    registry.revoke({ value: { mesh: founder.mesh, target: mine[2]?.id as string, at: NOW }, by: founder.peer })
    const used = proofOf(founder, a, { name: 'once', uses: 1 })
    const some = proofOf(founder, b, { name: 'some', uses: 2, role: 'admin' })
    for (const proof of [used, some]) registry.learn(proof)
    const all = listInvitations(registry, mine, founder.peer, NOW)
    assert.is(all[0]?.name, 'old')
    assert.equal(Object.fromEntries(all.map(({ name, state, peers, uses }) => [name, [state, peers.length, uses]])), {
      fresh: ['open', 0, undefined],
      old: ['expired', 0, undefined],
      gone: ['revoked', 0, undefined],
      once: ['used-up', 1, 1],
      some: ['open', 1, 2]
    })
    const found = all.find(({ name }) => name === 'some')
    assert.equal([found?.role, found?.by, found?.peers], ['admin', founder.peer, [b]])
  }
)

list('one whose peers were renewed before this peer knew them has only an id, a name and its peers', () => {
  const registry = new ProofRegistry(founder.mesh)
  const renewed = membershipOf(founder, proofOf(founder, a, { name: 'lost' }))
  registry.learn(renewed)
  const [found] = listInvitations(registry, [], b, NOW)
  assert.equal([found?.id, found?.peers, found?.state, found?.name], [renewed.invitation, [a], 'unknown', 'lost'])
  assert.equal([found?.role, found?.by, found?.expires], [undefined, undefined, undefined])
})

list('one that was shown before its peers were renewed keeps its name', () => {
  const registry = new ProofRegistry(founder.mesh)
  const shown = proofOf(founder, a, { name: 'rack-7' })
  registry.learn(shown)
  registry.learn(membershipOf(founder, shown))
  const [found] = listInvitations(registry, [], b, NOW)
  assert.equal([found?.name, found?.state, found?.peers], ['rack-7', 'open', [a]])
})
list.run()

const find = suite('a name or a part of an id')
const named: Named[] = [
  { kind: 'invitation', id: '12D3KooWaaaa1111', name: 'rack' },
  { kind: 'invitation', id: '12D3KooWaaaa2222', name: 'twice' },
  { kind: 'invitation', id: '12D3KooWbbbb3333', name: 'twice' },
  { kind: 'peer', id: '12D3KooWcccc4444', name: 'db1' },
  { kind: 'peer', id: '12D3KooWcccc4444', name: 'db1#cc4444' },
  { kind: 'peer', id: '12D3KooWdddd5555', name: '1111' }
]
const meant: Array<[what: string, id: string | undefined]> = [
  ['rack', '12D3KooWaaaa1111'],
  ['12D3KooWbbbb3333', '12D3KooWbbbb3333'],
  ['db1', '12D3KooWcccc4444'],
  ['db1#cc4444', '12D3KooWcccc4444'],
  ['cc4444', '12D3KooWcccc4444'],
  ['12D3KooWb', '12D3KooWbbbb3333'],
  // a name counts before the end of an id
  ['1111', '12D3KooWdddd5555'],
  ['twice', undefined],
  ['12D3KooWaaaa', undefined],
  ['333', undefined],
  ['nobody', undefined]
]
for (const [what, id] of meant) {
  find(`${what} means ${id ?? 'nothing, or more than one'}`, () => {
    if (id != null) return assert.is(findNamed(what, named).id, id)
    assert.throws(
      () => findNamed(what, named),
      (error: BakError) => ['usage', 'no-such-peer'].includes(error.code) && error.message.includes(`"${what}"`)
    )
  })
}
find.run()
