import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openOutbox } from '../../node/store/outbox.ts'
import { unpack } from '../../node/store/unpack.ts'
import { digestOf } from '../../protocols/digest.ts'
import { codeOf, listAll, plant, scratch, withSmallDisk } from './scratch.ts'

const test = suite('outbox')
const run = '20261122T213015-k3f9ab'
const sample = '1-default/sample1/tools-default/node-b'

async function member() {
  const root = scratch()
  await plant(root, {
    [`${sample}/vmstat/out.txt`]: 'r b',
    [`${sample}/proc/stat`]: 'cpu',
    'sysinfo/begin/node-b/os': 'x'
  })
  return { root, folder: join(root, 'outbox') }
}

test('a tarball is packed, listed also after a restart, read in parts, and deleted once it has a receipt', async () => {
  const { root, folder } = await member()
  const outbox = await openOutbox(folder, run)
  const parcel = await outbox.add(root, [sample], '1-default/sample1', { kind: 'tools' })
  assert.equal(parcel.allow, [sample])
  const again = await openOutbox(folder, run)
  assert.equal(await again.list(), [parcel])

  const whole = await readFile(parcel.path)
  assert.is(whole.length, parcel.bytes)
  const parts = [await again.read(parcel.digest, 0, 100), await again.read(parcel.digest, 100, 1e6)]
  assert.is(Buffer.concat(parts).compare(whole), 0)

  await again.confirm(parcel.digest, Buffer.from('receipt'))
  assert.equal(await again.list(), [])
  assert.is(Buffer.from((await again.receipt(parcel.digest)) as Uint8Array).toString(), 'receipt')
  assert.is(await codeOf(again.read(parcel.digest, 0, 1)), 'unknown-digest')
})

test('the receiver unpacks a tarball to the paths that it allows', async () => {
  const { root, folder } = await member()
  const parcel = await (await openOutbox(folder, run)).add(root, [sample], 'x', { kind: 'tools' })
  const results = scratch()
  const { refused } = await unpack(parcel.path, results, { allow: parcel.allow })
  assert.equal(refused, [])
  assert.equal(await listAll(results), [`${sample}/proc/stat`, `${sample}/vmstat/out.txt`])
})

test('a small tarball stays in memory, with the same bytes as a stored one', async () => {
  const { root, folder } = await member()
  const outbox = await openOutbox(folder, run)
  const held = await outbox.addUnlessSmall(root, [sample], 'x', { kind: 'tools' })
  assert.ok('content' in held)
  assert.is(digestOf(held.content), held.digest)
  assert.is(held.content.length, held.bytes)
  assert.equal(await listAll(folder), [])
  const results = scratch()
  await unpack(held.content, results, { allow: held.allow })
  assert.equal(await listAll(results), [`${sample}/proc/stat`, `${sample}/vmstat/out.txt`])
})

test('a tarball that is large before or after compression is stored', async () => {
  for (const content of [randomBytes(100 * 1024), Buffer.alloc(2 ** 20, 'zeros')]) {
    const { root, folder } = await member()
    await plant(root, { [`${sample}/big`]: content })
    const outbox = await openOutbox(folder, run)
    const stored = await outbox.addUnlessSmall(root, [sample], 'x', { kind: 'tools' })
    assert.ok('path' in stored)
    assert.equal(await outbox.list(), [stored])
    const results = scratch()
    await unpack(stored.path, results, { allow: stored.allow })
    assert.is((await readFile(join(results, sample, 'big'))).compare(content), 0)
  }
})

test('what interrupted packing left is removed', async () => {
  const { root, folder } = await member()
  await plant(folder, { '.bak-0123456789abcdef.tmp': 'half' })
  await openOutbox(folder, run)
  assert.equal(await listAll(folder), [])
  assert.is(await codeOf((await openOutbox(folder, run)).add(root, ['absent'], 'x', { kind: 'tools' })), 'io')
  assert.equal(await listAll(folder), [])
})

const full = 'on a full disk packing is no-space, and what was packed before stays'
test(full, () =>
  withSmallDisk(full, 256, async folder => {
    const { root } = await member()
    const noise = Buffer.alloc(1_000_000)
    for (let i = 0; i < noise.length; i += 4) noise.writeUInt32LE(Math.imul(i, 2654435761) >>> 0, i)
    await plant(root, { noise })
    const outbox = await openOutbox(folder, run)
    const parcel = await outbox.add(root, [sample], 'x', { kind: 'tools' })
    assert.is(await codeOf(outbox.add(root, ['noise'], 'y', { kind: 'tools', level: 1 })), 'no-space')
    assert.equal(await outbox.list(), [parcel])
    assert.is((await listAll(folder)).length, 2)
  })
)

test.run()
