import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { record, startRun, Testnet } from '../helpers/mesh.ts'
import { skipWhere } from '../helpers/skip.ts'

const faults = suite('a full disk')
const root = process.getuid?.() === 0 ? undefined : 'a small file system can be mounted by root only'
const test = skipWhere(root, faults)

const big = (bytes: number) =>
  `tools = ["big"]\n[tool.big]\ncommand = ["sh", "-c", "head -c ${bytes} /dev/urandom; exec sleep 1000"]\n`

test('of the controller is a named error that loses nothing: with room again everything is collected', async () => {
  await withSmallDisk('c', 28, async (net, grow) => {
    const file = join(net.folder, 'run.toml')
    writeFileSync(file, big(8_000_000))
    const run = await startRun(net, 'c', [file, '--on', 'a,b', '--', 'sleep', '1'])
    assert.is((await run.finished).status, 3)
    const { excluded } = record(net, 'c', run.run)
    assert.ok(excluded.length > 0 && excluded.every(each => each.code === 'no-space'), JSON.stringify(excluded))
    grow(200)
    const collected = await net.bak('c', ['collect', run.run])
    assert.is(collected.status, 0, collected.stdout + collected.stderr)
    const sent = record(net, 'c', run.run).sent.map(each => `${each.name} ${each.what}`)
    for (const name of ['a', 'b']) assert.ok(sent.includes(`${name} 1-default/sample1`), sent.join(', '))
    assert.is((await net.bak('c', ['verify', run.run])).status, 0)
  })
})

test('of a member is named, and the others’ data is there', async () => {
  await withSmallDisk('b', 12, async (net, grow) => {
    const file = join(net.folder, 'run.toml')
    writeFileSync(file, big(8_000_000))
    const run = await startRun(net, 'c', [file, '--quorum', '2', '--', 'sleep', '1'])
    assert.is((await run.finished).status, 0)
    const { excluded, sent } = record(net, 'c', run.run)
    assert.equal(
      excluded.map(each => [each.name, each.phase, each.code]),
      [['b', 'send', 'no-space']]
    )
    assert.equal(
      sent
        .filter(each => each.what.startsWith('1-'))
        .map(each => each.name)
        .sort(),
      ['a', 'c']
    )
    grow(200)
    const collected = await net.bak('c', ['collect', run.run])
    assert.is(collected.status, 0, collected.stdout + collected.stderr)
    assert.ok(record(net, 'c', run.run).sent.some(each => each.name === 'b' && each.what === '1-default/sample1'))
  })
})

faults.run()

/** A testnet in which one peer's home is a file system of so many MiB, which can grow. */
async function withSmallDisk(
  name: string,
  size: number,
  act: (net: Testnet, grow: (size: number) => void) => Promise<void>
) {
  const folder = mkdtempSync(join(tmpdir(), 'bak-'))
  const home = join(folder, name)
  mkdirSync(home)
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}m,mode=700`, 'tmpfs', home])
  let net: Testnet | undefined
  try {
    net = await Testnet.start({ peers: ['a', 'b', 'c'], folder })
    await act(net, more => execFileSync('mount', ['-o', `remount,size=${more}m`, home]))
  } finally {
    await net?.stop()
    execFileSync('umount', [home])
    rmSync(folder, { recursive: true, force: true })
  }
}
