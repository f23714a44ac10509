import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { groupOf, type ProfileNode } from '../../../scripts/bench/groups.ts'
import { type CpuProfile, digest, type Profiled, selfTimes } from '../../../scripts/bench/profile.ts'
import { root } from '../../../scripts/bundle.ts'

const profile = suite('a digest of profiles')
const frame = (functionName: string, path = '') => ({
  ...{ functionName, lineNumber: 6 },
  url: path === '' ? '' : pathToFileURL(join(root, path)).href
})
const made: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame('(idle)') },
    { id: 2, callFrame: frame('verify', 'protocols/envelope.ts') },
    { id: 3, callFrame: frame('seal', 'node_modules/@chainsafe/libp2p-noise/dist/index.js') },
    { id: 4, callFrame: frame('write') }
  ],
  startTime: 8_000,
  samples: [2, 1, 3, 4, 2, 2],
  timeDeltas: [0, 4_000, 4_000, 5_600, 2_400, 72_000]
}

profile('a sample stands for the time until the next; idle time and starved time do not count', () => {
  const spent = new Map([...selfTimes(made, [[0, 1e9]])].map(([{ callFrame }, time]) => [callFrame.functionName, time]))
  assert.equal(Object.fromEntries(spent), { verify: 4_000 + 16_000, seal: 5_600, write: 2_400 })
})

profile('what lies outside of the windows does not count', () => {
  const spent = [...selfTimes(made, [[15_200, 16_800]])].map(([{ callFrame }, time]) => [
    callFrame.functionName,
    callFrame.url !== '',
    time
  ])
  assert.equal(spent, [['seal', true, 5_600]])
})

profile('controller and members are told apart, by package, file and function', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bak-profile-'))
  try {
    for (const pid of [11, 12, 13]) {
      writeFileSync(join(folder, `CPU.20261123.101010.${pid}.0.001.cpuprofile`), JSON.stringify(made))
    }
    const looked = new Map([['a phase', { windows: [[0, 1e9] as [number, number]], times: 2 }]])
    const [found] = await digest({ folder, driver: 12, looked })
    const { lines, groups } = found as Profiled
    assert.match(lines[0] ?? '', /^profile of the controller: a phase, 14\.00 ms each time, 2 times/)
    assert.match(lines[1] ?? '', /10\.000 ms +71\.4 % +protocols\/envelope\.ts$/)
    const text = lines.join('\n')
    assert.match(text, / 20\.0 % +@chainsafe\/libp2p-noise\n/)
    assert.match(text, / 8\.6 % +native code\n/)
    assert.match(text, / verify protocols\/envelope\.ts:7\n/)
    assert.match(text, /profile of a member: a phase, 14\.00 ms each time/)
    assert.equal(groups[0], { name: 'signatures and names', controller: 10, members: 20 })
    assert.equal(groups[2], { name: 'all else', controller: 1.2, members: 2.4 })
    assert.equal(await digest({ folder: join(folder, 'none'), driver: 1, looked }), [])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

profile('each line belongs to one group: native code to that of its caller', () => {
  const node = (functionName: string, url: string): ProfileNode => ({
    id: 1,
    callFrame: { functionName, url, lineNumber: 0 }
  })
  const group = (...chain: Array<[string, string]>) =>
    groupOf(
      chain.map(each => node(...each)),
      url => url
    )
  assert.is(group(['(garbage collector)', '']), 'garbage collection')
  assert.is(
    group(['writeBuffer', ''], ['writeGeneric', 'node:internal/stream_base_commons']),
    'the kernel: writes to sockets'
  )
  assert.is(group(['writeBuffer', ''], ['write', 'node:internal/fs/promises']), 'disk')
  assert.is(
    group(['update', ''], ['encrypt', 'node_modules/@chainsafe/libp2p-noise/dist/src/crypto.js']),
    'Noise: the cipher'
  )
  assert.is(group(['x', 'node_modules/@libp2p/yamux/dist/src/muxer.js']), 'yamux')
  assert.is(group(['x', 'node_modules/@libp2p/gossipsub/dist/src/index.js']), 'gossip')
  assert.is(group(['x', 'node_modules/libp2p/dist/src/upgrader.js']), "libp2p's streams and events")
  assert.is(group(['x', 'node/run/quorum.ts']), "bak's own code")
  assert.is(group(['x', '']), 'all else')
})

profile.run()
