/** How the file of --output is written, whatever is at its place. */
import { execFileSync, spawn } from 'node:child_process'
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { writeWhole } from '../../cli/write-whole.ts'
import { BakError } from '../../protocols/errors.ts'
import { codeOf, scratch, withSmallDisk } from '../store/scratch.ts'

const test = suite('the file of --output')

const put = (path: string) => writeFile(path, 'new')

test('takes the place of what was there when it is whole, and what was there stays where it is not', async () => {
  const folder = scratch()
  const path = join(folder, 'x')
  writeFileSync(path, 'old')
  const failing = writeWhole(path, async part => {
    await put(part)
    throw new BakError('damaged', 'no')
  })
  assert.is(await codeOf(failing), 'damaged')
  assert.is(readFileSync(path, 'utf8'), 'old')
  await writeWhole(path, put)
  assert.equal([readFileSync(path, 'utf8'), readdirSync(folder)], ['new', ['x']])
})

test('goes where a link leads to, which stays; in the folder of a result it takes the place of the link', async () => {
  const folder = scratch()
  const [link, target] = [join(folder, 'link'), join(folder, 'target')]
  writeFileSync(target, 'old')
  symlinkSync(target, link)
  await writeWhole(link, put)
  assert.equal([readlinkSync(link), readFileSync(target, 'utf8')], [target, 'new'])
  await writeWhole(link, path => writeFile(path, 'newer'), { isInResult: true })
  assert.not(lstatSync(link).isSymbolicLink())
  assert.equal([readFileSync(link, 'utf8'), readFileSync(target, 'utf8')], ['newer', 'new'])
})

test('goes into a device or a pipe as it is', async () => {
  const folder = scratch()
  const link = join(folder, 'null')
  symlinkSync('/dev/null', link)
  await writeWhole(link, put)
  assert.is(readlinkSync(link), '/dev/null')
  assert.ok(lstatSync('/dev/null').isCharacterDevice())
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  const [read] = await Promise.all([
    new Promise<string>(resolve => {
      const { stdout } = spawn('cat', [pipe])
      stdout.on('data', data => resolve(data.toString()))
    }),
    writeWhole(pipe, put)
  ])
  assert.is(read, 'new')
  assert.ok(lstatSync(pipe).isFIFO())
})

test('a folder, one that is not there, and a full disk are named', async () => {
  const folder = scratch()
  mkdirSync(join(folder, 'x'))
  const error = async (path: string) => writeWhole(path, put).catch(cause => cause)
  const ofFolder = await error(join(folder, 'x'))
  assert.equal([ofFolder.code, /x: it is a folder; --output FILE/.test(ofFolder.message)], ['cannot-create', true])
  const ofMissing = await error(join(folder, 'no/x'))
  assert.equal(
    [ofMissing.code, /cannot write .*no\/x: no such file or directory/.test(ofMissing.message)],
    ['cannot-create', true]
  )
  await withSmallDisk('a full disk', 64, async disk => {
    const path = join(disk, 'x')
    writeFileSync(path, 'old')
    const full = writeWhole(path, part => writeFile(part, Buffer.alloc(1024 * 1024)))
    assert.is(await codeOf(full), 'no-space')
    assert.equal([readFileSync(path, 'utf8'), readdirSync(disk)], ['old', ['x']])
  })
})

test.run()
