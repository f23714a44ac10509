import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { packXz } from '../../node/store/xz-tarball.ts'
import { BakError } from '../../protocols/errors.ts'
import { needs, skipWhere } from '../helpers/skip.ts'
import { codeOf, plant, scratch, withSmallDisk } from './scratch.ts'

const suiteOfXz = suite('a tarball for pbench')
const test = skipWhere(needs('xz') ?? needs('tar'), suiteOfXz)
const quiet = () => ({ signal: new AbortController().signal, onRead: () => {} })

async function result(): Promise<string> {
  const root = scratch()
  const long = `${'d'.repeat(120)}/${'e'.repeat(120)}`
  await plant(root, { 'run/metadata.log': '[pbench]\n', [`run/${long}`]: 'deep', 'run/ü': 'x', 'run/empty/': '' })
  return join(root, 'run')
}

test('real tar and xz read it, and its MD5 is that of its bytes', async () => {
  const folder = await result()
  const target = join(scratch(), 'new', 'run.tar.xz')
  let read = 0
  const { md5, bytes, read: open } = await packXz(folder, target, { ...quiet(), onRead: n => (read += n) })
  const content = readFileSync(target)
  assert.is(md5, createHash('md5').update(content).digest('hex'))
  assert.is(bytes, content.length)
  assert.ok(read > 1024)
  const names = execFileSync('tar', ['-tJf', target], { encoding: 'utf8' })
  assert.is(names.split('\n')[0], 'run/')
  const to = scratch()
  execFileSync('tar', ['-xJf', target, '-C', to])
  execFileSync('diff', ['-r', folder, join(to, 'run')])
  const chunks: Buffer[] = []
  for await (const chunk of open()) chunks.push(chunk)
  assert.ok(Buffer.concat(chunks).equals(content))
})

test('the same folder gives the same bytes, so that a server knows them again', async () => {
  const folder = await result()
  const [one, other] = [
    await packXz(folder, join(scratch(), 'x'), quiet()),
    await packXz(folder, join(scratch(), 'y'), quiet())
  ]
  assert.is(one.md5, other.md5)
})

suiteOfXz('without xz it says which package has it', async () => {
  const folder = await result()
  try {
    await packXz(folder, join(scratch(), 'x'), { ...quiet(), xz: 'no-such-xz' })
    assert.unreachable()
  } catch (cause) {
    assert.is((cause as BakError).code, 'cannot-create')
    assert.match((cause as Error).message, 'install xz-utils')
  }
})

suiteOfXz('an xz that fails says why, and is waited for', async () => {
  const folder = await result()
  const broken = join(scratch(), 'xz')
  await writeFile(broken, '#!/bin/sh\necho out of luck >&2\nexit 3\n')
  await chmod(broken, 0o755)
  const failed = packXz(folder, join(scratch(), 'x'), { ...quiet(), xz: broken })
  assert.match((await failed.catch(cause => cause)).message, 'xz ended with 3: out of luck')
})

test('what cannot be packed is named, and no tarball counts', async () => {
  const folder = await result()
  symlinkSync('/etc/passwd', join(folder, 'link'))
  const failed = await packXz(folder, join(scratch(), 'x'), quiet()).catch(cause => cause)
  assert.instance(failed, BakError)
  assert.match(failed.message, /would not be whole there: .*link: a link to \/etc\/passwd/)
})

test('a caller that goes away ends it', async () => {
  const root = scratch()
  await plant(root, { 'run/big': Buffer.alloc(8_000_000, 'abc') })
  const leaving = new AbortController()
  const onRead = () => leaving.abort(new BakError('interrupted', 'gone'))
  assert.is(
    await codeOf(packXz(join(root, 'run'), join(scratch(), 'x'), { signal: leaving.signal, onRead })),
    'interrupted'
  )
})

test('a full disk is named', () =>
  withSmallDisk('a full disk is named', 64, async disk => {
    const root = scratch()
    const noise = execFileSync('head', ['-c', '400000', '/dev/urandom'], { maxBuffer: 1e6 })
    await plant(root, { 'run/noise': noise })
    const target = join(disk, 'x.tar.xz')
    assert.is(await codeOf(packXz(join(root, 'run'), target, quiet())), 'no-space')
    assert.ok(existsSync(join(root, 'run/noise')))
  }))

suiteOfXz.run()
