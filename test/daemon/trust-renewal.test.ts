/** Proofs that last for seconds: they are renewed as long as an admin is present, and no longer. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bakNode, logOf, sleep, startRun, ticketFrom, untilLogged, useTestnet } from '../helpers/mesh.ts'

const test = suite('proofs that run out')
// a member that a renews is admitted for five seconds
const net = useTestnet(test, { peers: ['a'], args: () => ['--membership', '5s'] })

const alive = (n: number) => (members: { state: string }[]) => members.filter(m => m.state === 'alive').length === n

test('members whose proofs live for 5 s take part in a run of 20 s without an interruption', async () => {
  for (const name of ['b', 'c']) {
    net().add(name)
    await net().startPeer(name, await ticketFrom(net(), 'a', { ttl: 5_000 }))
  }
  for (const name of ['a', 'b', 'c']) await net().until(name, members => members.length === 3)
  const run = await startRun(net(), 'b', ['--tools', 'proc', '--', 'sleep', '20'])
  const { status, stderr } = await run.finished
  assert.is(status, 0, stderr)
  for (const name of ['b', 'c']) {
    const renewals = logOf(net(), name).match(/proof renewed/g)?.length ?? 0
    assert.ok(renewals >= 4, `${name} has renewed its proof ${renewals} times`)
  }
  for (const name of ['a', 'b', 'c']) {
    assert.not.match(logOf(net(), name), /no longer admitted|handshake refused|peer lost|record refused/)
    assert.is((await net().members(name)).length, 3)
  }
})

test('without a renewal members log it, and are no longer admitted', async () => {
  await net().stopPeer('a')
  await untilLogged(net(), 'b', /the proof of this peer runs out soon.*|no admin could be reached/, 6_000)
  for (const [name, other] of [
    ['b', 'c'],
    ['c', 'b']
  ] as const) {
    await untilLogged(net(), name, /no longer admitted.*|code=expired.*membership ran out at/, 10_000)
    await net().until(name, members => members.every(m => m.name !== other), 10_000)
  }
  const { stdout } = await bakNode(net(), 'b', ['status'])
  assert.match(stdout, /^role: +none, proof expires in 0 s$/m)
  assert.match(
    stdout,
    /^trouble: +its membership ran out at \S+Z: here it is \S+Z; ask an admin of the mesh for a new ticket/m
  )
})

test('and are refused when the admin is back, until they have a new ticket', async () => {
  await net().startPeer('a')
  await untilLogged(net(), 'b', /code=expired by=them/, 15_000)
  await untilLogged(net(), 'a', /code=expired by=us/)
  await net().stopPeer('b')
  await net().startPeer('b', undefined, ['join', await ticketFrom(net(), 'a', { ttl: 5_000 })])
  await net().until('a', alive(2))
  await sleep(6_000)
  assert.ok(alive(2)(await net().members('a')))
})

test.run()
