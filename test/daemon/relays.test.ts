/** Members that nobody can dial: they listen nowhere, and two relays on loopback are all that they have. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { asBakError } from '../../protocols/errors.ts'
import { isPhase, record, sleep, startRun, type Testnet, useTestnet } from '../helpers/mesh.ts'
import { until } from '../helpers/until.ts'

const relays = suite('relays')
const net = useTestnet(relays, {
  peers: ['r1', 'r2', 'b', 'c'],
  args: name => [name.startsWith('r') ? '--relay' : '--no-listen']
})

/** @returns the relays behind which a peer says it can be reached */
async function relaysOf(testnet: Testnet, name: string, by: string): Promise<string[]> {
  const members = await testnet.members(by)
  const addresses = members.find(member => member.name === name)?.addresses ?? []
  return members.filter(({ peer }) => addresses.some(each => each.includes(`${peer}/p2p-circuit`))).map(m => m.name)
}

/** Asks a peer something until it answers. @returns how long it took, ms */
async function reached(testnet: Testnet, from: string, to: string, within: number): Promise<number> {
  const began = performance.now()
  const nothing = { on: to, group: 'none', add: [] }
  while (performance.now() - began < within) {
    const signal = AbortSignal.timeout(2_000)
    try {
      for await (const { error } of testnet.call(from, 'register', nothing, { signal }))
        if (error == null) return performance.now() - began
    } catch (error) {
      // it is thought lost as yet
      if (!signal.aborted && asBakError(error).code !== 'no-such-peer') throw error
    }
    await sleep(50)
  }
  throw new Error(`${from} did not reach ${to} within ${within} ms`)
}

async function heldBoth(names = ['b', 'c'], by = 'b'): Promise<void> {
  let held: string[][] = []
  const look = async () => {
    held = await Promise.all(names.map(name => relaysOf(net(), name, by)))
    return held.every(each => each.length === 2)
  }
  await until(look, { timeout: 30_000, what: () => `each has two reservations: ${JSON.stringify(held)}` })
}

relays('a whole run passes between members that listen nowhere, and its tarballs arrive', async () => {
  await heldBoth()
  for (const name of ['b', 'c']) {
    const self = (await net().members(name)).find(member => member.name === name)
    assert.ok(self?.addresses.every(address => address.includes('/p2p-circuit')))
  }
  const { run, finished } = await startRun(net(), 'b', ['--tools', 'proc', '--', 'sleep', '1'])
  const { status, stderr } = await finished
  assert.is(status, 0, stderr)
  const { roster, sent, excluded } = record(net(), 'b', run)
  assert.is(roster.length, 4)
  assert.equal(excluded, [])
  assert.ok(sent.every(({ arrived }) => arrived))
  const folder = join(net().peer('b').home, 'runs', run, '1-default', 'sample1', 'tools-default')
  assert.equal(readdirSync(folder).sort(), ['b', 'c', 'r1', 'r2'])
})

relays('a relay that is killed in the middle of a run ends neither the run nor a member behind it', async () => {
  await heldBoth()
  const running = await startRun(net(), 'b', ['--on', 'b,c,r2', '--tools', 'proc', '--', 'sleep', '4'])
  await running.until(isPhase('work'))
  await net().stopPeer('r1', 'SIGKILL')
  const { status, stderr } = await running.finished
  assert.is(status, 0, stderr)
  assert.equal(record(net(), 'b', running.run).excluded, [])
  await net().startPeer('r1')
})

relays('when a relay closes they are reached through the other, and when it is back it is used again', async () => {
  await heldBoth()
  await net().stopPeer('r1', 'SIGKILL')
  const took = await reached(net(), 'c', 'b', 10_000)
  assert.ok(took < 5_000, `it took ${took} ms`)
  await reached(net(), 'r2', 'b', 10_000)
  await net().startPeer('r1')
  await heldBoth()
})

relays('a relay that falls silent is given up, and they are reached through the other within 15 s', async () => {
  await heldBoth()
  const child = net().peer('r2').child
  child?.kill('SIGSTOP')
  try {
    const [there, back] = await Promise.all([reached(net(), 'c', 'b', 30_000), reached(net(), 'b', 'c', 30_000)])
    assert.ok(Math.max(there, back) < 15_000, `it took ${there} and ${back} ms`)
    await reached(net(), 'r1', 'b', 10_000)
  } finally {
    child?.kill('SIGCONT')
  }
  await heldBoth()
})

relays('with one relay only they are reached again at its return', async () => {
  await heldBoth()
  await net().stopPeer('r2')
  await net().stopPeer('r1', 'SIGKILL')
  await net().until('b', members => members.every(({ name, state }) => name === 'b' || state !== 'alive'))
  await net().startPeer('r1')
  const took = await reached(net(), 'c', 'b', 20_000)
  assert.ok(took < 10_000, `it took ${took} ms`)
  await reached(net(), 'r1', 'b', 10_000)
  await net().startPeer('r2')
  await heldBoth()
})

relays.run()
