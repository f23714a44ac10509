/** What a controller may have stored on the machines of others, and what the phase `stage` says where it may not. */
import { chmodSync, existsSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { placeArtifact } from '../../node/artifacts/place.ts'
import { noise } from '../artifacts/scratch-artifacts.ts'
import { Inside } from '../helpers/inside.ts'
import { until } from '../helpers/until.ts'
import { plant, scratch } from '../store/scratch.ts'

const test = suite('what is staged')
const MIB = 1024 * 1024
let inside: Inside
test.before(async () => {
  inside = await Inside.start({
    a: {},
    b: { artifacts: { bytes: 8 * MIB, largest: 4 * MIB, pinned: MIB } },
    closed: { allow: { stage: false } },
    picky: { allow: { stage: ['someone'] } }
  })
})
test.after(() => inside.stop())

const storeOf = (name: string) => inside.daemon(name).parts.artifacts.store
const partOf = (name: string) => inside.daemon(name).parts.home.artifacts

async function tree(files: Record<string, string | Uint8Array>): Promise<string> {
  const root = scratch()
  await plant(join(root, 'data'), files)
  return join(root, 'data')
}

test('the first run brings it, the second brings nothing, and modes and links are kept', async () => {
  const path = await tree({ 'run.sh': '#!/bin/sh\n', 'd/big': noise(MIB) })
  chmodSync(join(path, 'run.sh'), 0o750)
  symlinkSync('../run.sh', join(path, 'd/link'))
  const first = await inside.run('a', { on: 'a,b', stage: [path] })
  assert.is(first.ended.verdict, 'ok', first.ended.reason)
  const { contents = [], members = [] } = first.record.staged ?? {}
  assert.equal(
    contents.map(({ path, bytes }) => ({ path, bytes })),
    [{ path: 'data', bytes: MIB + 10 }]
  )
  assert.equal(
    members.map(({ name, bytes, source }) => ({ name, bytes, source })),
    [
      { name: 'a', bytes: 0, source: 0 },
      { name: 'b', bytes: MIB + 10, source: MIB + 10 }
    ]
  )
  const second = await inside.run('a', { on: 'a,b', stage: [path] })
  assert.equal(
    second.record.staged?.members.map(({ bytes }) => bytes),
    [0, 0]
  )
  const into = join(scratch(), 'x')
  await placeArtifact(storeOf('b'), contents[0]?.digest as string, into)
  assert.is(statSync(join(into, 'run.sh')).mode & 0o777, 0o750)
  assert.is(statSync(join(into, 'd/link')).size, 10)
  // it is needed by nobody any more
  await until(() => !storeOf('b').needs.has(contents[0]?.digest as string))
  await until(() => !storeOf('a').needs.has(contents[0]?.digest as string))
})

test('what leads outside is refused by name before anybody is asked', async () => {
  const path = await tree({ x: '1' })
  symlinkSync('../../secret', join(path, 'out'))
  const error = await inside.run('a', { on: 'a,b', stage: [path] }).catch(cause => cause)
  assert.is(error.code, 'usage')
  assert.match(error.message, /data\/out is a link to \.\.\/\.\.\/secret, which is outside/)
})

test('two paths of one name are refused, and may be put elsewhere', async () => {
  const [one, two] = [await tree({ x: '1' }), await tree({ x: '2' })]
  const error = await inside.run('a', { on: 'a', stage: [one, two] }).catch(cause => cause)
  assert.match(error.message, /data is there twice/)
  const { record } = await inside.run('a', { on: 'a', stage: [one, join(two, '..').concat('/./data/x')] })
  assert.equal(
    record.staged?.contents.map(({ path }) => path),
    ['data', 'data/x']
  )
})

for (const [name, rule] of [
  ['closed', /allow\.stage lets no other peer store files here; it is set in .*--allow-stage/],
  ['picky', /allow\.stage does not name 12D3KooW/]
] as const) {
  test(`a member whose owner lets nobody store files refuses to join by its rule: ${name}`, async () => {
    const path = await tree({ x: '1' })
    const { record, ended } = await inside.run('a', { on: `a,${name}`, stage: [path], policy: { quorum: 1 } })
    assert.is(ended.verdict, 'ok')
    const [out] = record.excluded
    assert.equal([out?.name, out?.phase, out?.code], [name, 'join', 'not-allowed'])
    assert.match(out?.reason ?? '', rule)
    assert.equal(existsSync(partOf(name)) ? readdirSync(partOf(name)) : [], [])
    assert.is((await inside.run('a', { on: `a,${name}` })).ended.verdict, 'ok')
  })
}

test('a file that is larger than a member takes is refused by its limit when it joins', async () => {
  const path = await tree({ big: noise(5 * MIB) })
  const { record } = await inside.run('a', { on: 'a,b', stage: [path], policy: { quorum: 1 } })
  assert.match(record.excluded[0]?.reason ?? '', /artifacts\.largest is 4194304, and data has 5242880 bytes/)
})

test('beyond the cap of a member what is not pinned goes, and what is pinned stays', async () => {
  const paths = await Promise.all([1, 2, 3].map(seed => tree({ x: noise(3 * MIB, seed) })))
  const digests: string[] = []
  for (const path of paths) {
    const { record } = await inside.run('a', { on: 'a,b', stage: [path] })
    digests.push(record.staged?.contents[0]?.digest as string)
    if (digests.length === 1) {
      const by = inside.daemon('b').parts.identity.peer
      await storeOf('b').describe(digests[0] as string, { by, pinned: true })
    }
  }
  assert.equal(
    digests.map(digest => storeOf('b').get(digest) != null),
    [true, false, true]
  )
})

test('four runs stage at once, the same and others', async () => {
  const shared = await tree({ x: noise(MIB, 40) })
  const paths = await Promise.all([41, 42, 43, 44].map(seed => tree({ y: noise(MIB / 2, seed) })))
  const runs = await Promise.all(paths.map(path => inside.run('a', { on: 'a,b', stage: [shared, `${path}/./y`] })))
  assert.ok(
    runs.every(({ ended }) => ended.verdict === 'ok'),
    runs.map(({ ended }) => ended.reason).join()
  )
  for (const { record } of runs) {
    for (const { digest } of record.staged?.contents ?? []) assert.ok(storeOf('b').get(digest))
  }
})

test('a member without room for it is named with the phase, and the others go on', async () => {
  const pinned = await tree({ x: noise(3 * MIB, 60) })
  const { record: first } = await inside.run('a', { on: 'a,b', stage: [pinned] })
  const by = inside.daemon('b').parts.identity.peer
  await storeOf('b').describe(first.staged?.contents[0]?.digest as string, { by, pinned: true })
  const next = await tree({ x: noise(3 * MIB, 61) })
  const { record } = await inside.run('a', { on: 'a,b', stage: [next], policy: { quorum: 1 } })
  const [out] = record.excluded
  assert.equal([out?.name, out?.phase, out?.code], ['b', 'stage', 'no-space'])
  assert.match(
    out?.reason ?? '',
    /^data is not here: no room among the artifacts for \d+ bytes: artifacts\.bytes is 8388608/
  )
})

test('a file that changes is another content', async () => {
  const path = await tree({ x: 'one' })
  const digest = async () => (await inside.run('a', { on: 'a', stage: [path] })).record.staged?.contents[0]?.digest
  const before = await digest()
  writeFileSync(join(path, 'x'), 'two')
  assert.is.not(await digest(), before)
})

test.run()
