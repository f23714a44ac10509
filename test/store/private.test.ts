import { execFileSync } from 'node:child_process'
import { chmod, chown, lchown, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openHome } from '../../node/store/home.ts'
import { readPrivate } from '../../node/store/private.ts'
import type { BakError } from '../../protocols/errors.ts'
import { skipWhere } from '../helpers/skip.ts'
import { scratch } from './scratch.ts'

const test = suite('private files')
const asRoot = skipWhere(process.getuid?.() === 0 ? undefined : 'only root can give a file away', test)
const NOBODY = 65534

async function errorOf(work: Promise<unknown>): Promise<BakError> {
  return await work.then(
    value => {
      throw new Error(`nothing was thrown, but ${value} returned`)
    },
    error => error as BakError
  )
}

async function secret(): Promise<string> {
  const path = join(scratch(), 'secret')
  await writeFile(path, 'word', { mode: 0o600 })
  return path
}

test('a file that only its owner may read is read, and a missing one is undefined', async () => {
  const path = await secret()
  assert.is(await readPrivate(path), 'word')
  await chmod(path, 0o400)
  assert.is(await readPrivate(path), 'word')
  assert.is(await readPrivate(`${path}2`), undefined)
  assert.is(await readPrivate(join(path, 'below')), undefined)
})

for (const mode of [0o601, 0o610, 0o604, 0o640, 0o620, 0o666]) {
  test(`a file of mode ${mode.toString(8)} is refused with the command that repairs it, which does`, async () => {
    const path = await secret()
    await chmod(path, mode)
    const { code, message } = await errorOf(readPrivate(path))
    assert.is(code, 'bad-config')
    const [, command = ''] = /: run (chmod 600 '.*')$/.exec(message) ?? []
    execFileSync('sh', ['-c', command])
    assert.is(await readPrivate(path), 'word')
  })
}

test('the command that repairs a file quotes a name that a shell would split', async () => {
  const path = join(scratch(), `it's $HOME; "x"`)
  await writeFile(path, 'word', { mode: 0o644 })
  const { message } = await errorOf(readPrivate(path))
  execFileSync('sh', ['-c', message.slice(message.indexOf('chmod'))])
  assert.is(await readPrivate(path), 'word')
})

test('a link is not followed, wherever it leads', async () => {
  for (const target of [await secret(), '/nowhere']) {
    const path = join(scratch(), 'link')
    await symlink(target, path)
    const { code, message } = await errorOf(readPrivate(path))
    assert.is(code, 'bad-config')
    assert.match(message, `${path} is a link`)
  }
})

test('a folder or a pipe instead of a file is refused at once', async () => {
  const folder = join(scratch(), 'folder')
  await mkdir(folder, { mode: 0o700 })
  const pipe = join(scratch(), 'pipe')
  execFileSync('mkfifo', ['-m', '600', pipe])
  for (const path of [folder, pipe]) assert.match((await errorOf(readPrivate(path))).message, `${path} is not a file`)
})

asRoot('a file of another user is refused by the names of both, whatever its mode', async () => {
  const path = await secret()
  await chown(path, NOBODY, NOBODY)
  for (const mode of [0o600, 0o644]) {
    await chmod(path, mode)
    const { code, message } = await errorOf(readPrivate(path))
    assert.is(code, 'not-allowed')
    assert.match(message, /belongs to \w+, you are root: run chown root '/)
  }
})

asRoot('a home of another user is refused, and so is a link of another user to a home', async () => {
  const theirs = join(scratch(), 'theirs')
  await mkdir(theirs, { mode: 0o700 })
  await chown(theirs, NOBODY, NOBODY)
  assert.is((await errorOf(openHome(theirs))).code, 'not-allowed')
  const link = join(scratch(), 'link')
  const mine = join(scratch(), 'mine')
  await mkdir(mine, { mode: 0o700 })
  await symlink(mine, link)
  await openHome(link)
  await lchown(link, NOBODY, NOBODY)
  assert.match((await errorOf(openHome(link))).message, `${link} belongs to `)
})

test.run()
