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

/** A stored tarball as it is listed: what was left out of it is known only where it was packed. */
const listed = <T extends { report: unknown }>({ report: _, ...tarball }: T) => tarball

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
  const tarball = await outbox.add(root, [sample], '1-default/sample1', { kind: 'sample' })
  assert.equal(tarball.allow, [sample])
  const again = await openOutbox(folder, run)
  assert.equal(await again.list(), [listed(tarball)])

  const whole = await readFile(tarball.path)
  assert.is(whole.length, tarball.bytes)
  const parts = [await again.read(tarball.digest, 0, 100), await again.read(tarball.digest, 100, 1e6)]
  assert.is(Buffer.concat(parts).compare(whole), 0)

  await again.confirm(tarball.digest, Buffer.from('receipt'))
  assert.equal(await again.list(), [])
  assert.is(Buffer.from((await again.receipt(tarball.digest)) as Uint8Array).toString(), 'receipt')
  assert.is(await codeOf(again.read(tarball.digest, 0, 1)), 'unknown-digest')
})

test('the receiver unpacks a tarball to the paths that it allows', async () => {
  const { root, folder } = await member()
  const tarball = await (await openOutbox(folder, run)).add(root, [sample], 'x', { kind: 'sample' })
  const results = scratch()
  const { refused } = await unpack(tarball.path, results, { allow: tarball.allow })
  assert.equal(refused, [])
  assert.equal(await listAll(results), [`${sample}/proc/stat`, `${sample}/vmstat/out.txt`])
})

test('a small tarball stays in memory, with the same bytes as a stored one', async () => {
  const { root, folder } = await member()
  const outbox = await openOutbox(folder, run)
  const small = await outbox.addUnlessSmall(root, [sample], 'x', { kind: 'sample' })
  assert.ok('content' in small)
  assert.is(digestOf(small.content), small.digest)
  assert.is(small.content.length, small.bytes)
  assert.equal(await listAll(folder), [])
  const results = scratch()
  await unpack(small.content, results, { allow: small.allow })
  assert.equal(await listAll(results), [`${sample}/proc/stat`, `${sample}/vmstat/out.txt`])
})

test('a tarball that is large before or after compression is stored', async () => {
  for (const content of [randomBytes(100 * 1024), Buffer.alloc(2 ** 20, 'zeros')]) {
    const { root, folder } = await member()
    await plant(root, { [`${sample}/big`]: content })
    const outbox = await openOutbox(folder, run)
    const stored = await outbox.addUnlessSmall(root, [sample], 'x', { kind: 'sample' })
    assert.ok('path' in stored)
    assert.equal(await outbox.list(), [listed(stored)])
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
  assert.is(await codeOf((await openOutbox(folder, run)).add(root, ['absent'], 'x', { kind: 'sample' })), 'io')
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
    const tarball = await outbox.add(root, [sample], 'x', { kind: 'sample' })
    assert.is(await codeOf(outbox.add(root, ['noise'], 'y', { kind: 'sample', level: 1 })), 'no-space')
    assert.equal(await outbox.list(), [listed(tarball)])
    assert.is((await listAll(folder)).length, 2)
  })
)

test.run()
