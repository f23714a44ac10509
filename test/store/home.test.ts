import { chmod, mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { homeAt, openHome } from '../../node/store/home.ts'
import { codeOf, scratch } from './scratch.ts'

const test = suite('home')

test('only its owner may enter a new home', async () => {
  const home = await openHome(join(scratch(), 'a/b'))
  for (const folder of [home.root, home.runs(), home.work(), home.inbox()]) {
    assert.is((await stat(folder)).mode & 0o777, 0o700, folder)
  }
  assert.is((await openHome(home.root)).key, join(home.root, 'key'))
})

test('a home that others may enter is refused, with the command that repairs it', async () => {
  const dir = join(scratch(), 'open')
  await mkdir(dir)
  await writeFile(join(dir, 'key'), '')
  await chmod(dir, 0o750)
  const error = await openHome(dir).catch(error => error)
  assert.is(error.code, 'bad-config')
  assert.match(error.message, `chmod 700 '${dir}'`)
})

test('a folder that others may enter is closed if nothing secret was ever in it', async () => {
  for (const names of [[], ['config.toml'], ['config.toml', 'lost+found']]) {
    const dir = join(scratch(), 'open')
    await mkdir(dir)
    for (const name of names) await writeFile(join(dir, name), '')
    await chmod(dir, 0o777)
    await openHome(dir)
    assert.is((await stat(dir)).mode & 0o777, 0o700)
  }
})

test('a home that cannot be created is refused at once, also below /proc', async () => {
  for (const dir of ['/proc/bak', '/proc/bak/a/b', '/dev/null/bak'])
    assert.is(await codeOf(openHome(dir)), 'cannot-create', dir)
})

test('a home where a file is in the way cannot be created', async () => {
  const dir = join(scratch(), 'file')
  await writeFile(dir, '')
  assert.is(await codeOf(openHome(join(dir, 'home'))), 'cannot-create')
})

test('a home whose path is too long for a socket is refused', async () => {
  assert.is(await codeOf(openHome(join(scratch(), 'x'.repeat(100)))), 'bad-config')
})

test('the name of a run cannot lead out of its folder', () => {
  const home = homeAt('/h')
  assert.is(home.runs('20261122T213015-k3f9ab'), '/h/runs/20261122T213015-k3f9ab')
  assert.is(home.work('r'), '/h/work/r')
  for (const name of ['..', '.', '', 'a/b', '/etc', 'a\0']) assert.throws(() => home.runs(name), /not a file name/)
})

test.run()
