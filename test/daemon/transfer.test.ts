/** Large tarballs of a run among real daemons, and what becomes of them when a peer is revoked. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { callOnce } from '../../protocols/control-http.ts'
import { tarballProtocol } from '../../protocols/tarball.ts'
import { Inside } from '../helpers/inside.ts'
import { journal, logOf, record, startRun, useTestnet } from '../helpers/mesh.ts'
import { eventually } from '../helpers/networks.ts'

const test = suite('large tarballs')
const net = useTestnet(test, { peers: ['a', 'b', 'c'] })

/** A run whose only tool leaves so much that nothing makes less. */
function leaves(mib: number): string {
  const file = join(net().folder, `leaves-${mib}.toml`)
  const command = `["sh", "-c", "head -c ${mib * 2 ** 20} /dev/urandom >blob; echo there; exec sleep 1000"]`
  writeFileSync(file, `tools = ["large"]\n[tool.large]\ncommand = ${command}\n`)
  return file
}

const sentBy = (run: string) =>
  new Map(
    record(net(), 'a', run)
      .sent.filter(({ what }) => what.startsWith('1-default'))
      .map(({ name, carrier, path }) => [name, { carrier, path }])
  )

test('those of other members go over TLS, that of the controller over nothing, and the result says so', async () => {
  const run = await startRun(net(), 'a', [leaves(10), '--sysinfo', 'none', '--', 'true'])
  const { status, stderr } = await run.finished
  assert.is(status, 0, stderr)
  const sent = sentBy(run.run)
  for (const name of ['b', 'c']) assert.equal(sent.get(name), { carrier: 'tls', path: 'direct' }, logOf(net(), name))
  assert.equal(sent.get('a'), { carrier: undefined, path: undefined })
  const received = journal(net(), 'a', run.run).filter(event => event.type === 'received')
  assert.equal(
    new Map(received.map(event => [event.name, event.carrier])),
    new Map([
      ['a', undefined],
      ['b', 'tls'],
      ['c', 'tls']
    ])
  )
  assert.is((await net().bak('a', ['verify', run.run])).status, 0)
})

test('a transfer ends when its peer is revoked, and no other can begin', async () => {
  const inside = await Inside.start({ founder: {}, other: {} })
  const [founder, other] = [inside.daemon('founder'), inside.daemon('other')]
  try {
    await eventually('they are connected', () => founder.parts.streams.connected(other.parts.identity.peer))
    const open = other.parts.streams.to(founder.parts.identity.peer)
    const stream = await open(tarballProtocol.id)
    const streams = () =>
      [founder, other].flatMap(({ parts }) => parts.network.getConnections().flatMap(connection => connection.streams))
    const transfers = () => streams().filter(({ protocol }) => protocol === tarballProtocol.id).length
    await eventually('it is there on both sides', () => transfers() === 2)
    await callOnce(founder.parts.home.socket, 'revoke', { what: 'other' })
    await eventually('it is gone on both sides', () => transfers() === 0)
    assert.not(stream.status === 'open')
    const late = await open(tarballProtocol.id).then(
      () => 'open',
      () => 'refused'
    )
    assert.is(late, 'refused')
  } finally {
    await inside.stop()
  }
})

test.run()
