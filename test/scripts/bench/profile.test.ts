import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type CpuProfile, digest, selfTimes } from '../../../scripts/bench/profile.ts'
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
  startTime: 1_000,
  samples: [2, 1, 3, 4, 2, 2],
  timeDeltas: [0, 500, 500, 700, 300, 9_000]
}

profile('a sample stands for the time until the next; idle time and starved time do not count', () => {
  const spent = new Map([...selfTimes(made, [[0, 1e9]])].map(([{ functionName }, time]) => [functionName, time]))
  assert.equal(Object.fromEntries(spent), { verify: 500 + 2_000, seal: 700, write: 300 })
})

profile('what lies outside of the windows does not count', () => {
  const spent = [...selfTimes(made, [[1_900, 2_100]])].map(([{ functionName, url }, time]) => [
    functionName,
    url !== '',
    time
  ])
  assert.equal(spent, [['seal', true, 700]])
})

profile('controller and members are told apart, by package, file and function', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bak-profile-'))
  try {
    for (const pid of [11, 12, 13]) {
      writeFileSync(join(folder, `CPU.20261123.101010.${pid}.0.001.cpuprofile`), JSON.stringify(made))
    }
    const lines = await digest({ folder, driver: 12, windows: [[0, 1e9]], times: 2 })
    assert.match(lines[0] ?? '', /^profile of the controller: 1\.75 ms each time, 2 times/)
    assert.match(lines[1] ?? '', /1\.250 ms +71\.4 % +protocols\/envelope\.ts$/)
    const text = lines.join('\n')
    assert.match(text, / 20\.0 % +@chainsafe\/libp2p-noise\n/)
    assert.match(text, / 8\.6 % +native code\n/)
    assert.match(text, / verify protocols\/envelope\.ts:7\n/)
    assert.match(text, /profile of a member: 1\.75 ms each time/)
    assert.equal(await digest({ folder: join(folder, 'none'), driver: 1, windows: [], times: 1 }), [])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

profile.run()
