/** A controller that fills a peer which archives, and stores there what is not its to store. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createZstdCompress } from 'node:zlib'
import { Header } from 'tar'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { pack } from '../../node/store/pack.ts'
import { RunFolder } from '../../node/store/run-folder.ts'
import { digestOf } from '../../protocols/digest.ts'
import { readRecord } from '../../protocols/record.ts'
import { askOne } from '../../protocols/stream.ts'
import { sendTarball, tarballProtocol } from '../../protocols/tarball.ts'
import { Inside } from '../helpers/inside.ts'
import { newSigner } from '../helpers/streams.ts'
import { codeOf, scratch } from '../store/scratch.ts'

const test = suite('an archive')
let inside: Inside
test.before(async () => {
  const label = { archive: 'true' }
  inside = await Inside.start({
    c: {},
    arch: { label, allow: { controllers: false } },
    named: { label, allow: { archive: ['c'] } },
    picky: { label, allow: { archive: ['someone'] } }
  })
})
test.after(() => inside.stop())

let runs = 0
const newRun = () => `20261122T213015-${String(++runs).padStart(6, 'x')}`
const peerOf = (name: string) => inside.daemon(name).parts.identity.peer
const folderOf = (...path: string[]) => join(inside.daemon('arch').parts.home.root, ...path)
const open = (to: string) => inside.daemon('c').parts.streams.to(peerOf(to))

/** Offers the bytes as the result of a run. @returns the answer in words */
function store(run: string, content: Uint8Array, to = 'arch'): Promise<string> {
  const offer = {
    run,
    what: 'the whole run',
    kind: 'run' as const,
    digest: digestOf(content),
    bytes: content.length,
    allow: [run]
  }
  const read = async (at: number, n: number) => content.subarray(at, at + n)
  return sendTarball(open(to), offer, { read }, { signal: AbortSignal.timeout(60_000), to: peerOf(to) }).then(
    () => 'taken',
    cause => `${cause.code}: ${cause.message}`
  )
}

/** A result in a tarball, under the id of a run. */
async function packed(folder: string, run: string): Promise<Uint8Array> {
  const root = scratch()
  cpSync(folder, join(root, run), { recursive: true })
  await pack(root, [run], join(root, 'x'))
  return new Uint8Array(readFileSync(join(root, 'x')))
}

/** Few bytes that unpack to so many MiB of which none is a hole. */
async function bomb(run: string, mib: number): Promise<Uint8Array> {
  const compress = createZstdCompress()
  const chunks: Buffer[] = []
  compress.on('data', chunk => chunks.push(chunk))
  const head = new Header({ path: `${run}/blob`, mode: 0o644, mtime: new Date(0), type: 'File', size: mib * 2 ** 20 })
  head.encode()
  compress.write(head.block)
  const block = Buffer.alloc(2 ** 20, 'x')
  for (let i = 0; i < mib; i++)
    if (!compress.write(block)) await new Promise(resolve => compress.once('drain', resolve))
  await new Promise<void>(resolve => {
    compress.once('end', resolve)
    compress.end(Buffer.alloc(1024))
  })
  return new Uint8Array(Buffer.concat(chunks))
}

test('a few KB do not unpack to more than a GiB, and leave nothing', async () => {
  const run = newRun()
  const content = await bomb(run, 1_300)
  assert.ok(content.length < 200_000, `${content.length} bytes`)
  assert.match(await store(run, content), new RegExp(`^not-allowed: ${run} would unpack to more than \\d+ bytes`))
  assert.equal(readdirSync(folderOf('inbox')), [])
  assert.equal(readdirSync(folderOf('work')), [])
  assert.equal(readdirSync(folderOf('runs')), [])
})

const offer = (run: string, bytes: number, i: number) =>
  askOne(open('arch'), tarballProtocol, {
    ...{ type: 'offer' as const, run, what: 'x', kind: 'run' as const, bytes, allow: [run] },
    digest: i.toString(16).padStart(64, '0')
  })

test('offers of what the disk has no room for make no folder', async () => {
  for (let i = 0; i < 5; i++) assert.is(await codeOf(offer(newRun(), 2 ** 50, i)), 'no-space')
  assert.equal(readdirSync(folderOf('inbox')), [])
})

test('of results that are begun and not ended a few of each peer stay, the latest', async () => {
  const begun = Array.from({ length: 20 }, newRun)
  for (const [i, run] of begun.entries()) {
    // a stream that is still open has its slot
    for (let wait = true; wait; ) wait = (await offer(run, 100_000, i)).type === 'wait'
  }
  const left = readdirSync(folderOf('inbox')).sort()
  assert.ok(left.length <= 8, `${left.length} are left`)
  assert.ok(left.includes(begun.at(-1) as string))
})

test('a result under the id of another run, or of a stranger, is not taken', async () => {
  const { folder, run, record } = await inside.run('c', { on: 'c', command: ['true'] })
  const other = newRun()
  assert.match(await store(other, await packed(folder, other)), new RegExp(`^damaged: .*it is the result of ${run}`))
  const stranger = newSigner()
  const forged = new RunFolder(join(scratch(), run))
  mkdirSync(forged.root)
  const { files: _, seal: __, manifest: ___, ...rest } = record
  await forged.seal({ ...rest, controller: { peer: stranger.peer, name: 'c' } }, stranger as never)
  assert.match(await store(run, await packed(forged.root, run)), /^damaged: /)
  assert.not.ok(existsSync(folderOf('runs', run)))
  assert.equal(
    readdirSync(folderOf('inbox')).filter(each => [run, other].includes(each)),
    []
  )
  assert.is(await store(run, await packed(folder, run)), 'taken')
  assert.is(readRecord(readFileSync(folderOf('runs', run, 'run.json'), 'utf8')).run, run)
})

test('a result that had its place when the daemon was killed gets the receipt that it had not yet', async () => {
  const { folder, run } = await inside.run('c', { on: 'c', command: ['true'] })
  const content = await packed(folder, run)
  assert.is(await store(run, content), 'taken')
  const receipt = folderOf('inbox', run, `${digestOf(content)}.receipt`)
  rmSync(receipt)
  assert.is(await store(run, content), 'taken')
  assert.ok(existsSync(receipt))
  for (const name of readdirSync(folderOf('inbox', run))) rmSync(folderOf('inbox', run, name))
  assert.match(await store(run, content), /^cannot-create: arch has a folder of/, 'another is not taken for it')
})

test('a name that lets a result in is bound to its mover', async () => {
  const { folder, run } = await inside.run('c', { on: 'c', command: ['true'] })
  const bindings = join(inside.daemon('named').parts.home.root, 'controllers.json')
  assert.match(await store(newRun(), await packed(folder, run), 'named'), /^damaged|^bad-message|^mismatch/)
  assert.not.ok(existsSync(bindings), 'a result that is refused binds nothing')
  assert.is(await store(run, await packed(folder, run), 'named'), 'taken')
  assert.equal(JSON.parse(readFileSync(bindings, 'utf8')), { c: peerOf('c') })
})

test('only who is named by allow.archive stores results, and is told the rule', async () => {
  const { folder, run } = await inside.run('c', { on: 'c', command: ['true'] })
  const answer = await store(run, await packed(folder, run), 'picky')
  assert.match(answer, /^not-allowed: allow\.archive does not name .*--allow-archive/)
})

test.run()
