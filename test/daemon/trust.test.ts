/** Who gets into a mesh, and who does not: real daemons, and lines in the logs of both sides. */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Signer, seal } from '../../protocols/envelope.ts'
import { accept, membershipSubject, writeProof } from '../../protocols/membership.ts'
import { readTicket, writeTicket } from '../../protocols/ticket.ts'
import { BAK_NODE } from '../../testnets/programs.ts'
import { bakNode, finished, ticketFrom, untilLogged, useTestnet } from '../helpers/mesh.ts'
import { keyOf, startRogue } from '../helpers/rogue.ts'
import { newSigner } from '../helpers/streams.ts'
import { founderOf, HOUR, proofOf, ticketOf } from '../helpers/trust.ts'

const test = suite('joining a mesh')
const net = useTestnet(test, { peers: ['a', 'b'] })

const alive = (n: number) => (members: { state: string }[]) => members.filter(m => m.state === 'alive').length === n

/** `bak-node daemon join TICKET` for the first time, until it ends. */
async function joinAs(name: string, ticket: string) {
  const { home } = net().add(name)
  const words = ['--home', home, 'daemon', 'join', ticket, '--name', name, '--listen', '/ip4/127.0.0.1/tcp/0']
  const child = spawn(BAK_NODE, words, { stdio: ['ignore', 'pipe', 'pipe'], timeout: 20_000 })
  const began = Date.now()
  const ended = await finished(child)
  return { ...ended, took: Date.now() - began }
}

/** Signs as the founder, whatever the founder would say to it. */
const founder = () => founderOf({ peer: readTicket(net().ticket).mesh, key: keyOf(net(), 'a') })
const inThisMesh = () => {
  const { generation, secret, addresses, from } = readTicket(net().ticket)
  return { generation, secret, addresses, from }
}

async function refusesAll(name: string, ticket: string, why: RegExp, there = why): Promise<void> {
  const { status, stderr, took } = await joinAs(name, ticket)
  assert.is(status, 77, stderr)
  assert.match(stderr, /^bak-node: the mesh does not admit this peer: /m)
  assert.match(stderr, why)
  assert.ok(took < 5_000, `it took ${took} ms`)
  await untilLogged(net(), 'a', there)
  assert.ok((await net().members('a')).every(member => member.name !== name))
}

test('the wrong secret is refused, with a line on both sides', async () => {
  const forged = writeTicket({ ...readTicket(net().ticket), secret: new Uint8Array(32) })
  await refusesAll(
    'wrong-secret',
    forged,
    /does not hold the same mesh secret/,
    /does not hold the secret of this mesh/
  )
})

test('a ticket that has run out is refused, with both clocks and how to mend it on both sides', async () => {
  const old = ticketOf(founder(), { ttl: HOUR, name: 'old' }, Date.now() - 2 * HOUR)
  const why =
    /invitation \\?"old\\?" ran out at \S+Z: here it is \S+Z, there \S+Z; ask an admin of the mesh for a new ticket/
  await refusesAll('too-late', writeTicket({ ...old, ...inThisMesh() }), why)
})

test('a revoked ticket is refused with who revoked it, when and why, on both sides', async () => {
  const ticket = await ticketFrom(net(), 'a', { name: 'leaked' })
  const { status, stdout } = await bakNode(net(), 'a', ['revoke', 'leaked', '--reason', 'it was on a wiki'])
  assert.equal([status, stdout], [0, 'invitation leaked is revoked; no peer is dropped\n'])
  await refusesAll('revoked', ticket, /its invitation was revoked by the founder at \S+Z: it was on a wiki/)
})

test('a used-up ticket is refused by every peer, and the peers that used it stay', async () => {
  const ticket = await ticketFrom(net(), 'a', { name: 'once', uses: 1, role: 'agent' })
  net().add('first')
  await net().startPeer('first', ticket)
  for (const name of ['a', 'b']) await net().until(name, alive(3))
  const { addresses } = readTicket(await ticketFrom(net(), 'a'))
  await refusesAll('second', writeTicket({ ...readTicket(ticket), addresses }), /may be used once, and was/)
  assert.match((await bakNode(net(), 'a', ['invites'])).stdout, /once +agent +used-up +\S+ .* +1\/1 +a +first/)
  assert.match((await bakNode(net(), 'b', ['invites'])).stdout, /once .* first$/m)
  await net().stopPeer('first')
})

test('without a ticket a peer of another mesh is refused, with a line on both sides, and stays in its own', async () => {
  const { home } = net().add('loner')
  await finished(spawn(BAK_NODE, ['--home', home, 'init'], { stdio: 'ignore' }))
  const [status] = await Array.fromAsync(net().call('a', 'status', {}))
  const remembered = [{ peer: status?.peer, name: 'a', addresses: status?.addresses, seen: Date.now() }]
  writeFileSync(join(home, 'peers.json'), JSON.stringify(remembered), { mode: 0o600 })
  await net().startPeer('loner', '')
  await untilLogged(net(), 'loner', /code=wrong-secret.*does not hold the same mesh secret/)
  await untilLogged(net(), 'a', /does not hold the secret of this mesh/)
  assert.is((await net().members('loner')).length, 1)
  await net().stopPeer('loner')
})

test('a peer with the secret and without a valid proof is refused before any other protocol', async () => {
  const mesh = readTicket(net().ticket).mesh
  const other = newSigner()
  const { links } = proofOf(founder(), other.peer, {}, Date.now())
  const [leaf] = links as [{ invitation: never; acceptance: never }]
  const forgedBy = (signer: Signer) =>
    seal(membershipSubject, { mesh, peer: other.peer, role: 'admin', issued: 0, expires: Date.now() + HOUR }, signer)
  const forged: Array<[proof: Uint8Array | null, why: RegExp]> = [
    [null, /showed no proof that it was invited/],
    [proofOf(founder(), other.peer, {}, Date.now()).bytes, /showed the proof of another peer/],
    [writeProof({ membership: forgedBy(founderOf()) }), /signed it, and is not proven to be an admin/],
    [proofOf(founderOf(), other.peer, {}, Date.now()).bytes, /it is a proof of mesh/],
    [writeProof({ ...leaf, acceptance: accept(other.peer, 0, other) }), /not accepted with its own key/],
    [new Uint8Array([1, 2, 3]), /not a message/]
  ]
  for (const [proof, why] of forged) {
    const error = await startRogue(net(), { proof }).then(
      () => undefined,
      error => error as Error
    )
    assert.match(error?.message ?? 'it was admitted', why)
    await untilLogged(net(), 'a', new RegExp(`direction=inbound.*by=us.*${why.source}`))
  }
})

test('a ticket admits while its founder and every other admin are absent', async () => {
  const ticket = await ticketFrom(net(), 'a', { role: 'agent' })
  const [b] = await Array.fromAsync(net().call('b', 'status', {}))
  await net().stopPeer('a')
  net().add('orphan')
  await net().startPeer('orphan', writeTicket({ ...readTicket(ticket), addresses: b?.addresses as string[] }))
  await net().until('orphan', alive(2))
  await net().startPeer('a')
  await net().until('orphan', alive(3))
  // and now there is somebody who can renew its proof
  await untilLogged(net(), 'orphan', /proof renewed/, 15_000)
  await net().stopPeer('orphan')
})

test('each peer sees the role of each; only an admin invites, and the error for others names the admins', async () => {
  net().add('agent')
  await net().startPeer('agent', await ticketFrom(net(), 'a', { role: 'agent' }))
  await net().until('agent', alive(3))
  for (const name of ['a', 'b', 'agent']) {
    const { stdout } = await net().bak(name, ['members', '--json'])
    const roles = JSON.parse(stdout).members.flatMap((m: { name: string; role: string; state: string }) =>
      m.state === 'alive' ? [[m.name, m.role]] : []
    )
    assert.equal(roles, [
      ['a', 'admin'],
      ['agent', 'agent'],
      ['b', 'controller']
    ])
  }
  const { status, stderr } = await bakNode(net(), 'agent', ['invite'])
  assert.is(status, 77)
  assert.is(stderr, 'bak-node: this peer is here as agent; only an admin may do this: a\n')
  assert.match((await bakNode(net(), 'a', ['status'])).stdout, /^role: +admin$/m)
  assert.match((await bakNode(net(), 'b', ['status'])).stdout, /^role: +controller, proof expires in \d+ \w/m)
  assert.match((await net().bak('agent', ['info'])).stdout, /^role: +agent$/m)
})

test('an invited admin invites others; a peer that joins again with another ticket has its role', async () => {
  const { peer } = (await net().members('a')).find(m => m.name === 'agent') as { peer: string }
  await net().stopPeer('agent')
  await net().startPeer('agent', undefined, ['join', await ticketFrom(net(), 'a', { role: 'admin' })])
  for (const name of ['a', 'b']) {
    await net().until(name, members => members.some(m => m.peer === peer && m.role === 'admin' && m.state === 'alive'))
  }
  net().add('below')
  await net().startPeer('below', await ticketFrom(net(), 'agent', { role: 'controller', name: 'from-below' }))
  await net().until('a', members => members.some(m => m.name === 'below' && m.role === 'controller'))
  await net().until('b', members => members.some(m => m.name === 'below'))
  const inviteOf = async (name: string) => {
    const { stdout } = await bakNode(net(), name, ['invites', '--json'])
    return JSON.parse(stdout).invitations.find((each: { name?: string }) => each.name === 'from-below')
  }
  const issued = await inviteOf('agent')
  assert.equal([issued.by.name, issued.state, issued.peers.length], ['agent', 'open', 1])
  assert.equal((await inviteOf('b')).peers, issued.peers)
})

test.run()
