/** Rotations of the mesh secret among real daemons. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readTicket } from '../../protocols/ticket.ts'
import { bakNode, logOf, sleep, ticketFrom, untilLogged, useTestnet } from '../helpers/mesh.ts'

const test = suite('rotating the mesh secret')
const net = useTestnet(test, { peers: ['a', 'b', 'sleeper', 'late'] })

const alive =
  (...names: string[]) =>
  (members: { name: string; state: string }[]) =>
    names.every(name => members.some(member => member.name === name && member.state === 'alive'))

async function rotate(peer: string, grace: string): Promise<number> {
  const { status, stdout, stderr } = await bakNode(net(), peer, ['rotate-secret', '--grace', grace, '--json'])
  assert.is(status, 0, stderr)
  return JSON.parse(stdout).generation
}

test('all peers have the new secret at once, and no connection is lost', async () => {
  await Promise.all(['sleeper', 'late'].map(name => net().stopPeer(name)))
  const before = await Array.fromAsync(net().call('b', 'status', {}))
  const generation = await rotate('a', '1h')
  assert.ok(generation > 1)
  await untilLogged(net(), 'b', new RegExp(`generation=${generation} .*the mesh has a new secret`))
  await sleep(1_500)
  const after = await Array.fromAsync(net().call('b', 'status', {}))
  assert.is(after[0]?.connections, before[0]?.connections)
  for (const name of ['a', 'b']) assert.not.match(logOf(net(), name), /peer lost/)
  assert.is(readTicket(await ticketFrom(net(), 'a')).generation, generation)
})

test('a peer that was away is admitted by its proof and then has the new secret; an older ticket works', async () => {
  await net().startPeer('sleeper')
  for (const name of ['a', 'b']) await net().until(name, alive('sleeper'))
  await untilLogged(net(), 'sleeper', /the mesh has a new secret/)
  net().add('newcomer')
  await net().startPeer('newcomer', net().ticket)
  await net().until('a', alive('newcomer'))
  await untilLogged(net(), 'newcomer', /the mesh has a new secret/)
})

test('the new secret is there after a start', async () => {
  await Promise.all(['a', 'b', 'sleeper', 'newcomer'].map(name => net().stopPeer(name)))
  for (const name of ['a', 'b', 'sleeper']) await net().startPeer(name)
  await net().until('a', alive('b', 'sleeper'))
  assert.ok(readTicket(await ticketFrom(net(), 'a')).generation > 1)
})

test('after the grace period a peer that was away is refused and told what to do, on both sides; so is an older ticket', async () => {
  await rotate('a', '0s')
  await untilLogged(net(), 'b', /the mesh has a new secret/)
  await net().startPeer('late')
  const why =
    /code=old-secret.*knows only a secret of the mesh that was replaced; ask an admin of the mesh for a new ticket/
  await untilLogged(net(), 'late', why, 10_000)
  await untilLogged(net(), 'a', why, 10_000)
  net().add('outdated')
  const words = ['daemon', 'join', net().ticket, '--listen', '/ip4/127.0.0.1/tcp/0']
  const { status, stderr } = await bakNode(net(), 'outdated', words)
  assert.is(status, 77)
  assert.match(stderr, /the mesh does not admit this peer: it knows only a secret of the mesh that was replaced/)
})

test('with a new ticket a refused peer is admitted again, and no peer was lost meanwhile', async () => {
  await net().stopPeer('late')
  await net().startPeer('late', undefined, ['join', await ticketFrom(net(), 'a')])
  for (const name of ['a', 'b', 'sleeper']) await net().until(name, alive('late', 'a', 'b', 'sleeper'))
  assert.is((await bakNode(net(), 'b', ['rotate-secret'])).status, 77)
})

test.run()
