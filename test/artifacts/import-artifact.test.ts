/** Files and folders of this machine as content by digest: modes, links, what is refused. */
import { execFileSync } from 'node:child_process'
import { chmodSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Body } from '../../node/artifacts/body.ts'
import { digestOf } from '../../protocols/digest.ts'
import type { BakError } from '../../protocols/errors.ts'
import { controller } from '../protocols/samples.ts'
import { plant, scratch } from '../store/scratch.ts'
import { noise, scratchArtifacts } from './scratch-artifacts.ts'

const test = suite('files of this machine as artifacts')
const by = controller.peer

async function refusalOf(work: Promise<unknown>): Promise<string> {
  const { code, message } = await work.then(
    () => ({ code: 'none', message: '' }),
    cause => cause as BakError
  )
  return `${code}: ${message}`
}

test('a folder becomes an artifact with its modes and its links inside', async () => {
  const root = scratch()
  await plant(root, { 'data/a.txt': 'a', 'data/sub/run.sh': '#!/bin/sh\n', 'data/empty': '', 'data/none/': '' })
  chmodSync(join(root, 'data/sub/run.sh'), 0o751)
  symlinkSync('../a.txt', join(root, 'data/sub/link'))
  const { imports, store } = await scratchArtifacts()
  const stored = await imports.take(join(root, 'data'), { by, name: 'data' })
  assert.equal([stored.kind, stored.bytes, stored.name, stored.pinned], ['folder', 11, 'data', false])
  const { entries } = await store.read(stored.digest)
  const modeOf = (path: string) => entries.find(each => each.path === path && each.type !== 'link')
  assert.equal(
    entries.map(({ path, type }) => `${type} ${path}`),
    ['folder ', 'file a.txt', 'file empty', 'folder none', 'folder sub', 'link sub/link', 'file sub/run.sh']
  )
  assert.is((modeOf('sub/run.sh') as { mode: number }).mode, 0o751)
  assert.equal(
    entries.find(({ type }) => type === 'link'),
    { type: 'link', path: 'sub/link', target: '../a.txt' }
  )
})

test('the same content has the same digest wherever it is, and another mode is another content', async () => {
  const { imports } = await scratchArtifacts()
  const digests: string[] = []
  for (const mode of [0o644, 0o644, 0o755]) {
    const root = scratch()
    await plant(root, { x: 'same' })
    chmodSync(join(root, 'x'), mode)
    digests.push((await imports.take(join(root, 'x'), { by })).digest)
  }
  assert.is(digests[0], digests[1])
  assert.is.not(digests[0], digests[2])
})

test('with plain modes the umask with which it was made is no part of the content, and what can be executed is', async () => {
  const { imports, store } = await scratchArtifacts()
  const made = async (umask: number, run: number) => {
    const root = scratch()
    await plant(root, { 'data/sub/run.sh': 'x', 'data/text': 'y' })
    chmodSync(join(root, 'data/sub/run.sh'), run & ~umask)
    chmodSync(join(root, 'data/text'), 0o666 & ~umask)
    for (const folder of ['data/sub', 'data']) chmodSync(join(root, folder), 0o777 & ~umask)
    const own = await imports.take(join(root, 'data'), { by })
    const plain = await imports.take(join(root, 'data'), { by, plainModes: true })
    return { own: own.digest, plain: plain.digest }
  }
  const [guarded, open, other] = [await made(0o077, 0o777), await made(0o022, 0o777), await made(0o022, 0o666)]
  assert.is.not(guarded.own, open.own)
  assert.is(guarded.plain, open.plain)
  assert.is.not(other.plain, open.plain)
  const { entries } = await store.read(guarded.plain)
  assert.equal(
    entries.map(each => (each.type === 'link' ? 0 : each.mode)),
    [0o755, 0o755, 0o755, 0o644]
  )
})

test('chunks of many files are what the listing says', async () => {
  const root = scratch()
  const parts = Array.from({ length: 40 }, (_, i) => noise(i * 3_001, i + 1))
  await plant(root, Object.fromEntries(parts.map((part, i) => [`d/f${String(i).padStart(2, '0')}`, part])))
  const { imports, store } = await scratchArtifacts()
  const { digest } = await imports.take(join(root, 'd'), { by })
  const artifact = await store.read(digest)
  assert.ok(artifact.chunks > 20)
  assert.equal(
    artifact.files.map(each => each.digest),
    parts.map(digestOf)
  )
  const body = new Body(store.folderOf(digest), artifact)
  for (let chunk = 0; chunk < artifact.chunks; chunk++) assert.ok(await body.has(chunk), `chunk ${chunk}`)
  await body.close()
})

test('what leads outside, a socket, a pipe and a name that is no UTF-8 are refused by name', async () => {
  const root = scratch()
  const at = (path: string) => join(root, 'd', path)
  await plant(root, { 'd/ok': 'x' })
  symlinkSync('../../etc/passwd', at('out'))
  symlinkSync('/etc/passwd', at('absolute'))
  execFileSync('mkfifo', [at('pipe')])
  writeFileSync(Buffer.concat([Buffer.from(`${root}/d/`), Buffer.from([0x62, 0xe9])]), '')
  const server = createServer().listen(at('socket'))
  await new Promise(resolve => server.once('listening', resolve))
  const { imports } = await scratchArtifacts()
  const said = await refusalOf(imports.take(join(root, 'd'), { by }))
  server.close()
  assert.match(said, /^usage: cannot be staged: /)
  for (const name of [
    /d\/out is a link to \.\.\/\.\.\/etc\/passwd, which is outside/,
    /d\/absolute is a link to \/etc\/passwd/
  ]) {
    assert.match(said, name)
  }
  assert.match(said, /d\/pipe is a pipe/)
  assert.match(said, /d\/socket is a socket/)
  assert.match(said, /d\/b\\xe9 has a name that is not UTF-8/)
})

test('a device is refused by name, and a path that is not there, too', async () => {
  const { imports } = await scratchArtifacts()
  assert.match(await refusalOf(imports.take('/dev/null', { by })), /^usage: .*\/dev\/null is a device/)
  assert.match(await refusalOf(imports.take('/nowhere/x', { by })), /^usage: cannot stage \/nowhere\/x: no such file/)
})

test('the path itself may be a link', async () => {
  const root = scratch()
  await plant(root, { 'd/a': 'a' })
  symlinkSync('d', join(root, 'l'))
  const { imports } = await scratchArtifacts()
  const [direct, linked] = [await imports.take(join(root, 'd'), { by }), await imports.take(join(root, 'l'), { by })]
  assert.is(direct.digest, linked.digest)
})

test('more than the owner lets one content have is refused before it is copied', async () => {
  const root = scratch()
  await plant(root, { big: noise(5_000) })
  const { imports, store } = await scratchArtifacts({ limits: { largest: 4_999 } })
  assert.match(
    await refusalOf(imports.take(join(root, 'big'), { by })),
    /5000 bytes, and artifacts\.largest here is 4999/
  )
  assert.equal(store.list(), [])
})

test('what did not change is not read again, and what did is another content', async () => {
  const root = scratch()
  await plant(root, { x: 'one' })
  const { imports, store } = await scratchArtifacts()
  // a change two seconds ago may be followed by another with the same time
  await new Promise(resolve => setTimeout(resolve, 2_100))
  const first = await imports.take(join(root, 'x'), { by })
  const { temporary } = store
  store.temporary = () => assert.unreachable('it is copied again') as never
  assert.is((await imports.take(join(root, 'x'), { by, name: 'x' })).digest, first.digest)
  assert.is(store.find('x').digest, first.digest)
  store.temporary = temporary
  writeFileSync(join(root, 'x'), 'two')
  utimesSync(join(root, 'x'), new Date(0), new Date(0))
  assert.is.not((await imports.take(join(root, 'x'), { by })).digest, first.digest)
})

test('an import that is aborted leaves nothing', async () => {
  const root = scratch()
  await plant(root, { big: noise(100_000) })
  const folder = join(scratch(), 'artifacts')
  const { imports, store } = await scratchArtifacts({ folder })
  const signal = AbortSignal.abort(new Error('enough'))
  assert.match(await refusalOf(imports.take(join(root, 'big'), { by, signal })), /enough/)
  assert.equal(readdirSync(folder), [])
  assert.equal(store.list(), [])
})

test.run()
