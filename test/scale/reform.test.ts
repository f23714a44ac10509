import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { useTestnet } from '../helpers/mesh.ts'

const PEERS = 17
const AT_ONCE = 4

const reform = suite('a mesh without its founder')
const net = useTestnet(reform, { peers: PEERS })

const portOf = (name: string): number =>
  JSON.parse(readFileSync(join(net().peer(name).home, 'mesh.json'), 'utf8')).port as number

reform(
  '16 peers that all ended, half of them without a word, find each other again, the founder and the way in gone',
  async () => {
    const [founder, ...others] = net().peers.map(({ name }) => name) as [string, ...string[]]
    const ports = others.map(portOf)
    await net().stopPeer(founder, 'SIGKILL')
    await Promise.all(others.map((name, i) => net().stopPeer(name, i % 2 === 0 ? 'SIGKILL' : 'SIGTERM')))
    for (let i = 0; i < others.length; i += AT_ONCE) {
      await Promise.all(others.slice(i, i + AT_ONCE).map(name => net().startPeer(name)))
    }
    for (const name of others) {
      await net().until(
        name,
        members => members.filter(({ state }) => state === 'alive').length === others.length,
        60_000
      )
    }
    const again = others.filter((name, i) => portOf(name) === ports[i])
    assert.ok(again.length >= others.length - 2, `only ${again.length} have the port that they had`)
    const run = await net().bak(others[0] as string, [
      'run',
      '--tools',
      'none',
      '--sysinfo',
      'none',
      '--quiet',
      '--',
      'true'
    ])
    assert.is(run.status, 0, run.stderr)
  }
)

reform.run()
