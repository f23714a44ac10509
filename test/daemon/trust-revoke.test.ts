/** Revocations among real daemons. */
import type { Multiaddr } from '@multiformats/multiaddr'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bakNode, logOf, sleep, ticketFrom, untilLogged, useTestnet } from '../helpers/mesh.ts'
import { startRogue } from '../helpers/rogue.ts'
import { until } from '../helpers/until.ts'

const test = suite('revoking')
const net = useTestnet(test, { peers: ['a', 'b'] })

const without = (name: string) => (members: { name: string }[]) => members.every(member => member.name !== name)
const within = (name: string) => (members: { name: string; state: string }[]) =>
  members.some(member => member.name === name && member.state === 'alive')

async function join(name: string, wish: Parameters<typeof ticketFrom>[2] = {}): Promise<void> {
  net().add(name)
  await net().startPeer(name, await ticketFrom(net(), 'a', wish))
  for (const peer of ['a', 'b']) await net().until(peer, within(name))
}

async function revoke(peer: string, ...words: string[]): Promise<string> {
  const { status, stdout, stderr } = await bakNode(net(), peer, ['revoke', ...words])
  assert.is(status, 0, stderr)
  return stdout
}

test('a peer that is revoked is gone from every peer within 5 s, and is told why', async () => {
  await join('bad', { name: 'rack-7' })
  await join('good', { name: 'rack-8' })
  const began = Date.now()
  assert.equal(
    await revoke('a', 'bad', '--reason', 'sold'),
    [
      'peer bad is revoked; dropped: bad',
      'its invitation rack-7 is still open to anybody with the ticket; to end it: bak-node revoke rack-7\n'
    ].join('\n')
  )
  for (const peer of ['a', 'b', 'good']) {
    await net().until(peer, without('bad'), 5_000)
    await untilLogged(net(), peer, /no longer admitted/)
  }
  assert.ok(Date.now() - began < 5_000)
  await untilLogged(net(), 'bad', /was revoked by the founder at \S+: sold/)
  // it goes on asking, and is refused, with the reason on both sides
  await untilLogged(net(), 'bad', /handshake refused/, 15_000)
  await untilLogged(net(), 'bad', /code=revoked by=them/, 15_000)
  assert.match(
    (await bakNode(net(), 'bad', ['status'])).stdout,
    /^role: +none.*\ntrouble: +it was revoked by the founder/m
  )
})

test('who was away learns of it when it comes back, before or just after it meets who is revoked', async () => {
  await net().stopPeer('b')
  await revoke('a', 'rack-8')
  await net().until('a', without('good'), 5_000)
  await net().startPeer('b')
  await net().until('b', without('good'), 10_000)
  await untilLogged(net(), 'b', /revoked/, 5_000)
  await sleep(1_000)
  assert.ok(without('good')(await net().members('b')))
})

test('what is revoked stays so when all have been started again', async () => {
  await Promise.all(['a', 'b'].map(name => net().stopPeer(name)))
  await Promise.all(['a', 'b'].map(name => net().startPeer(name)))
  await net().until('a', within('b'))
  await sleep(4_000)
  for (const peer of ['a', 'b']) {
    assert.ok(without('good')(await net().members(peer)) && without('bad')(await net().members(peer)))
  }
  await Promise.all(['bad', 'good'].map(name => net().stopPeer(name)))
})

test('with an invitation all who came by it go, with an admin all who came by its invitations', async () => {
  await join('boss', { role: 'admin', name: 'bosses' })
  const ticket = await ticketFrom(net(), 'boss', { name: 'minions' })
  for (const name of ['m1', 'm2']) {
    net().add(name)
    await net().startPeer(name, ticket)
    await net().until('b', within(name))
  }
  const said = await revoke('a', 'minions')
  assert.match(said, /^invitation minions is revoked; dropped: m[12] m[12]\n$/)
  for (const name of ['m1', 'm2']) await net().until('b', without(name), 5_000)
  const { stdout } = await bakNode(net(), 'boss', ['invites'])
  assert.match(stdout, /minions +controller +revoked/)
  await Promise.all(['m1', 'm2'].map(name => net().stopPeer(name)))
})

test('connections of who is revoked are closed within 5 s, whatever it does, and no new one comes about', async () => {
  const spy = await startRogue(net(), { ticket: await ticketFrom(net(), 'a', { name: 'spies' }) })
  try {
    const to = spy.network.getConnections()[0]?.remoteAddr as Multiaddr
    assert.ok(spy.network.getConnections().length > 1)
    await revoke('a', 'spies')
    await until(() => spy.network.getConnections().length === 0, { timeout: 5_000, what: 'it has no connection' })
    const error = await spy.network.dial(to).catch(error => error as Error)
    assert.match((error as Error).message, /its invitation was revoked by the founder/)
  } finally {
    await spy.stop()
  }
})

const wrong: Array<[title: string, peer: string, words: string[], status: number, why: RegExp]> = [
  ['nobody that is known', 'a', ['nobody'], 66, /no invitation and no peer is called "nobody"/],
  ['the founder', 'boss', ['a'], 77, /the founder of a mesh cannot be revoked/],
  [
    'anybody, by who is no admin',
    'b',
    ['boss'],
    77,
    /this peer is here as controller; only an admin may do this: a, boss/
  ],
  [
    'one of several of the same name',
    'a',
    ['same'],
    64,
    /"same" can mean 2; give more of the id:\n {2}invitation same 12D3\w+\n/
  ]
]
for (const [title, peer, words, status, why] of wrong) {
  test(`${title} is not revoked, and the error says why`, async () => {
    if (words[0] === 'same') for (let i = 0; i < 2; i++) await ticketFrom(net(), 'a', { name: 'same' })
    const said = await bakNode(net(), peer, ['revoke', ...words])
    assert.is(said.status, status, said.stderr)
    assert.match(said.stderr.replace(/^bak-node: /gm, ''), why)
    assert.not.match(logOf(net(), 'a'), /revoked.*target=nobody/)
  })
}

test.run()
