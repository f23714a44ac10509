import { execFileSync } from 'node:child_process'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { copyTree, measureTree } from '../../node/store/copy-tree.ts'
import { homeAt } from '../../node/store/home.ts'
import { keepResult } from '../../node/store/kept-results.ts'
import { BakError } from '../../protocols/errors.ts'
import { bytesOf } from '../../protocols/file-names.ts'
import { verifyFolder } from '../../protocols/verify.ts'
import { Inside } from '../helpers/inside.ts'
import { codeOf, plant, scratch, withSmallDisk } from './scratch.ts'

const test = suite('a result in a folder')
let inside: Inside
let original: { folder: string; run: string }

test.before(async () => {
  inside = await Inside.start({ c: {} })
  original = await inside.run('c', { on: 'c', command: ['echo', 'hello'] })
})
test.after(() => inside.stop())

/** The result of the run, in a home of its own. */
function result(more: object = {}) {
  const home = homeAt(scratch())
  mkdirSync(home.runs())
  const root = home.runs(original.run)
  execFileSync('cp', ['-a', original.folder, root])
  const about = { run: original.run, root, home, self: 'x'.repeat(52), onProgress: () => {} }
  return { ...about, signal: new AbortController().signal, ...more }
}

async function failed(work: Promise<unknown>): Promise<BakError> {
  const error = await work.catch(cause => cause)
  assert.instance(error, BakError, String(error))
  return error as BakError
}

const same = (one: string, other: string) => execFileSync('diff', ['-r', '--no-dereference', one, other])

test('it is copied, verified, and has the name of its run; nothing else is left there', async () => {
  const folder = scratch()
  const steps: string[] = []
  const it = result({ onProgress: (_: number, __: number, step = 'copying') => steps.push(step) })
  const target = await keepResult(folder, it)
  assert.is(target, join(folder, it.run))
  assert.ok((await verifyFolder(target)).ok)
  same(it.root, target)
  assert.equal(readdirSync(folder), [it.run])
  assert.equal([...new Set(steps)], ['copying', 'verifying'])
})

test('once more it is only verified, so that what was interrupted after the copy can be repeated', async () => {
  const folder = scratch()
  const it = result()
  const target = await keepResult(folder, it)
  const { ino } = statSync(target)
  assert.is(await keepResult(folder, it), target)
  assert.is(statSync(target).ino, ino)
  writeFileSync(join(target, 'spec.toml'), 'x')
  assert.is((await failed(keepResult(folder, it))).code, 'damaged')
})

test('what is there under its name is neither touched nor taken for it', async () => {
  const folder = scratch()
  const it = result()
  await plant(folder, { [`${it.run}/mine.txt`]: 'mine' })
  const error = await failed(keepResult(folder, it))
  assert.is(error.code, 'cannot-create')
  assert.match(error.message, `${join(folder, it.run)} exists already, and is not this result`)
  assert.equal(readdirSync(join(folder, it.run)), ['mine.txt'])
})

test('what an interrupted copy left is begun anew', async () => {
  const folder = scratch()
  const it = result()
  await plant(folder, { [`.${it.run}.xxxxxxxx.part/half`]: 'half' })
  await keepResult(folder, it)
  assert.equal(readdirSync(folder), [it.run])
})

test('a caller that goes away leaves nothing there, and all here', async () => {
  const folder = scratch()
  const leaving = new AbortController()
  const onProgress = () => leaving.abort(new BakError('interrupted', 'gone'))
  const it = result({ signal: leaving.signal, onProgress })
  assert.is((await failed(keepResult(folder, it))).code, 'interrupted')
  assert.equal(readdirSync(folder), [])
  assert.ok((await verifyFolder(it.root)).ok)
})

test('a result that is not as it was signed gets no name there', async () => {
  const folder = scratch()
  const it = result()
  writeFileSync(join(it.root, 'spec.toml'), 'x')
  assert.is((await failed(keepResult(folder, it))).code, 'damaged')
  assert.equal(readdirSync(folder), [])
})

test('a full disk is named, before or in the middle, and leaves nothing there', () =>
  withSmallDisk('a full disk is named', 40, async disk => {
    const it = result()
    const error = await failed(keepResult(disk, it))
    assert.is(error.code, 'no-space')
    assert.match(error.message, disk)
    assert.equal(readdirSync(disk), [])
    assert.ok(existsSync(join(it.root, 'run.json')))
    const to = join(disk, 'x')
    assert.is(await codeOf(copyTree(it.root, to, { signal: it.signal, onRead: () => {} })), 'no-space')
  }))

test('a folder that is not there, is a file, or may not be written to is named', async () => {
  const folder = scratch()
  const missing = await failed(keepResult(join(folder, 'x'), result()))
  assert.match(missing.message, `mkdir ${join(folder, 'x')}`)
  writeFileSync(join(folder, 'file'), '')
  assert.match((await failed(keepResult(join(folder, 'file'), result()))).message, 'file is not a folder')
})

test('a disk that is read-only is named', () =>
  withSmallDisk('a disk that is read-only is named', 4096, async disk => {
    execFileSync('mount', ['-o', 'remount,ro', disk])
    const error = await failed(keepResult(disk, result()))
    assert.is(error.code, 'cannot-create')
    assert.match(error.message, `the daemon may not write to ${disk}: read-only file system`)
  }))

test('the home itself is no destination, also behind a link', async () => {
  const it = result()
  const link = join(scratch(), 'link')
  symlinkSync(it.home.runs(), link)
  for (const folder of [it.home.runs(), it.home.root, link]) {
    const error = await failed(keepResult(folder, it))
    assert.is(error.code, 'usage', folder)
    assert.match(error.message, 'home of this daemon')
  }
  assert.ok(existsSync(join(it.root, 'run.json')))
})

test('the result under another name is not a second copy of it', async () => {
  const it = result()
  const elsewhere = scratch()
  renameSync(it.root, join(elsewhere, it.run))
  symlinkSync(join(elsewhere, it.run), it.root)
  assert.match((await failed(keepResult(elsewhere, it))).message, 'is the result itself')
})

test('a tree is copied with times, modes, links, holes, empty folders and names of any bytes', async () => {
  const from = join(scratch(), 'from')
  mkdirSync(join(from, 'empty'), { recursive: true })
  writeFileSync(join(from, 'run.sh'), '#!', { mode: 0o755 })
  writeFileSync(bytesOf(`${from}/odd\xff\n`), 'odd')
  writeFileSync(join(from, 'sparse'), Buffer.concat([Buffer.alloc(4 * 1024 * 1024), Buffer.from('end')]))
  utimesSync(join(from, 'run.sh'), 1_500_000_000, 1_500_000_000)
  symlinkSync('nowhere', join(from, 'link'))
  const { bytes } = measureTree(from)
  const to = join(scratch(), 'to')
  let read = 0
  await copyTree(from, to, { signal: new AbortController().signal, onRead: n => (read += n) })
  assert.is(read, bytes)
  same(from, to)
  assert.is(statSync(join(to, 'run.sh')).mtimeMs, 1_500_000_000_000)
  assert.is(statSync(join(to, 'run.sh')).mode & 0o777, 0o755)
  assert.is(readlinkSync(join(to, 'link')), 'nowhere')
  assert.ok(lstatSync(join(to, 'empty')).isDirectory())
  assert.is(readFileSync(bytesOf(`${to}/odd\xff\n`), 'utf8'), 'odd')
  assert.ok(statSync(join(to, 'sparse')).blocks * 512 < 1024 * 1024, 'it stays sparse')
})

test('a pipe is not waited for, but named', async () => {
  const from = scratch()
  execFileSync('mkfifo', [join(from, 'pipe')])
  assert.throws(
    () => measureTree(from),
    (error: BakError) => /pipe is a named pipe/.test(error.message)
  )
  rmSync(join(from, 'pipe'))
  assert.is(
    await codeOf(
      copyTree(join(from, 'none'), join(from, 'x'), { signal: new AbortController().signal, onRead: () => {} })
    ),
    'io'
  )
})

test.run()
