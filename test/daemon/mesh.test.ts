import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { CallResponse } from '../../protocols/control.ts'
import { readTicket, writeTicket } from '../../protocols/ticket.ts'
import { sleep, Testnet, untilLogged, useTestnet } from '../helpers/mesh.ts'

const mesh = suite('the mesh')
const net = useTestnet(mesh, {
  peers: ['a', 'b', 'c'],
  args: name => ['--label', `kind=${name === 'a' ? 'pod' : 'host'}`]
})

mesh('every peer lists every other with its name, labels, tools, cores, memory, os, version and path', async () => {
  for (const { name } of net().peers) {
    const { status, stdout } = await net().bak(name, ['members', '--json'])
    assert.is(status, 0)
    const { members } = JSON.parse(stdout)
    assert.equal(
      members.map((m: { name: string }) => m.name),
      ['a', 'b', 'c']
    )
    for (const member of members) {
      assert.is(member.state, 'alive')
      assert.is(member.labels.kind, member.name === 'a' ? 'pod' : 'host')
      assert.ok(member.cores > 0 && member.memory > 0 && member.os === 'linux' && /^\d/.test(member.program))
      assert.ok(['self', 'direct', 'indirect'].includes(member.path))
      assert.ok(member.tools.some((t: { tool: string; usable: boolean }) => t.tool === 'proc' && t.usable))
    }
  }
})

mesh('labels choose members', async () => {
  const { stdout } = await net().bak('a', ['members', '--label', 'kind=host', '--json'])
  assert.equal(
    JSON.parse(stdout).members.map((m: { name: string }) => m.name),
    ['b', 'c']
  )
})

mesh('every peer can show how all are connected, and names who does not say', async () => {
  const complete = (text: string) => {
    const { links, members } = JSON.parse(text) as CallResponse<'topology'>
    const alive = members.filter(({ state }) => state === 'alive').map(({ name }) => name)
    return (
      alive.sort().join() === 'a,b,c' &&
      links.length === 3 &&
      links.every(({ said, gossip }) => said.length === 2 && gossip)
    )
  }
  const deadline = Date.now() + 30_000
  for (const { name } of net().peers) {
    let shown = await net().bak(name, ['topo', '--json'])
    while (!complete(shown.stdout) && Date.now() < deadline) shown = await net().bak(name, ['topo', '--json'])
    assert.ok(complete(shown.stdout), shown.stdout)
    assert.is(shown.stderr, '')
  }
  const dot = await net().bak('a', ['topo', '--dot'])
  assert.is(dot.stdout.match(/ -- .*\[label="direct", style="bold"\]/g)?.length, 3, dot.stdout)
  net().peer('c').child?.kill('SIGSTOP')
  try {
    const { status, stdout, stderr } = await net().bak('b', ['topo', '--json'])
    assert.is(status, 0)
    assert.match(stderr, /^bak: c did not answer with its connections: ./)
    const { members, links } = JSON.parse(stdout) as CallResponse<'topology'>
    assert.equal(
      members.filter(({ error }) => error != null).map(({ name }) => name),
      ['c']
    )
    const between = links.find(({ a, b }) => a.name !== 'c' && b.name !== 'c')
    assert.is(between?.said.length, 2)
    for (const link of links) if (link !== between) assert.is(link.said.length, 1)
  } finally {
    net().peer('c').child?.kill('SIGCONT')
  }
  for (const { name } of net().peers)
    await net().until(name, members => members.every(({ state }) => state === 'alive'), 30_000)
})

mesh('a peer that leaves is gone at once, and one that is killed is lost within 10 s, to a newcomer too', async () => {
  const began = Date.now()
  await net().stopPeer('b', 'SIGTERM')
  await net().until('c', members => !members.some(m => m.name === 'b' && m.state !== 'left'), 2_000)
  assert.ok(Date.now() - began < 10_000)
  await net().startPeer('b')
  await net().until('c', members => members.some(m => m.name === 'b' && m.state === 'alive'))
  await net().stopPeer('b', 'SIGKILL')
  await net().until('c', members => members.some(m => m.name === 'b' && m.state === 'lost'), 10_000)
  await net().until('a', members => members.some(m => m.name === 'b' && m.state === 'lost'), 10_000)
  net().add('newcomer')
  await net().startPeer('newcomer')
  await net().until('newcomer', members => members.some(m => m.name === 'b' && m.state === 'lost'), 5_000)
  await net().stopPeer('newcomer')
  await net().startPeer('b')
  for (const peer of ['a', 'c'])
    await net().until(peer, members => members.some(m => m.name === 'b' && m.state === 'alive'), 5_000)
})

mesh('two peers with the same name both take part, shown with a part of their id', async () => {
  const twin = await Testnet.start({ peers: ['x', 'y'], args: () => ['--name', 'same'] })
  try {
    const members = await twin.members('x')
    assert.is(new Set(members.map(m => m.shown)).size, 2)
    for (const { shown, peer } of members) assert.is(shown, `same#${peer.slice(-6)}`)
    const run = await twin.bak('x', ['run', '--tools', 'proc', '--quiet', '--', 'true'])
    assert.is(run.status, 0, run.stderr)
  } finally {
    await twin.stop()
  }
})

mesh('a peer started before the one it is to join is let in within 5 s of its appearing', async () => {
  const early = await Testnet.start({ peers: ['first'] })
  try {
    await early.stopPeer('first')
    const late = early.add('late')
    await early.startPeer('late')
    await sleep(4_000)
    await early.startPeer('first')
    const began = Date.now()
    await early.until(late.name, members => members.filter(m => m.state === 'alive').length === 2, 6_000)
    assert.ok(Date.now() - began < 5_000, `it took ${Date.now() - began} ms`)
    const said = readFileSync(join(early.folder, 'late.log'), 'utf8').match(/no peer answers yet/g)
    assert.is(said?.length, 1, 'it has tried many times and said it once')
  } finally {
    await early.stop()
  }
})

mesh('a peer with the wrong mesh secret is refused by name on both sides, and sees nobody', async () => {
  const stranger = net().add('stranger')
  const ticket = readTicket(net().ticket)
  const forged = writeTicket({ ...ticket, secret: new Uint8Array(32) })
  // it may be refused before it is ready
  await net()
    .startPeer('stranger', forged)
    .catch(() => {})
  try {
    await untilLogged(net(), 'stranger', /the mesh does not admit this peer/)
    await untilLogged(net(), 'stranger', /handshake refused.*mesh secret|mesh secret.*handshake refused/)
    await untilLogged(net(), 'a', /secret of this mesh/)
    assert.is((await net().members('a')).filter(m => m.state !== 'left').length, 3)
  } finally {
    await net().stopPeer(stranger.name)
  }
})

mesh('an address that answers with another peer, or with no peer at all, is not the way in', async () => {
  const server = createServer(socket => socket.end('HTTP/1.1 400 no\r\n\r\n')).listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  const folder = mkdtempSync(join(tmpdir(), 'bak-'))
  const lost = net().add('lost')
  try {
    const ticket = readTicket(net().ticket)
    await net().startPeer('lost', writeTicket({ ...ticket, addresses: [`/ip4/127.0.0.1/tcp/${port}`] }))
    await sleep(1_500)
    assert.is((await net().members('lost')).length, 1)
    const status = await net().bak('lost', ['status', '--json'])
    assert.is(status.status, 0, 'it answers all the same')
  } finally {
    await net().stopPeer(lost.name)
    server.close()
    rmSync(folder, { recursive: true })
  }
})

mesh('members --watch shows a peer that comes', async () => {
  const signal = AbortSignal.timeout(15_000)
  net().add('d')
  const seen: number[] = []
  const starting = net().startPeer('d')
  for await (const { members } of net().call('a', 'members', { watch: true }, { signal })) {
    seen.push(members.filter(m => m.state === 'alive').length)
    if (members.some(m => m.name === 'd' && m.state === 'alive')) break
  }
  await starting
  assert.ok(seen.length > 0)
  await net().stopPeer('d')
})

mesh.run()
