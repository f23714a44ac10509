import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isManaged, systemctl } from '../../node/service/manager.ts'
import { folderOf, type Place, unitPath, unitsFor } from '../../node/service/places.ts'
import { unitText } from '../../node/service/unit.ts'
import { removeUnit, writeUnit } from '../../node/service/unit-file.ts'

const install = suite('installing the unit')
let root = ''
let place: Place
install.before.each(() => {
  root = mkdtempSync(join(tmpdir(), 'bak-root-'))
  place = { scope: 'system', root }
})
install.after.each(() => rmSync(root, { recursive: true }))

const text = (home = '/var/lib/bak') => unitText({ scope: 'system', home, command: ['/bin/bak-node', '--home', home] })
const pathOf = (name = 'bak-node') => join(root, 'etc/systemd/system', `${name}.service`)
const write = (home = '/var/lib/bak', name = 'bak-node') => writeUnit(place, name, home, text(home))
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'none',
    error => error.code
  )

install('writes one file, readable by all, and again over its own', async () => {
  assert.is(await write(), pathOf())
  assert.is(readFileSync(pathOf(), 'utf8'), text())
  assert.is(lstatSync(pathOf()).mode & 0o777, 0o644)
  await write()
  assert.equal(readdirSync(dirname(pathOf())), ['bak-node.service'])
})

install(
  'removing takes what was written and what enabling made of it, nothing else, and does no harm twice',
  async () => {
    await write()
    const wants = join(root, 'etc/systemd/system/multi-user.target.wants')
    mkdirSync(wants)
    symlinkSync(pathOf(), join(wants, 'bak-node.service'))
    symlinkSync('/nowhere/other.service', join(wants, 'other.service'))
    mkdirSync(`${pathOf()}.d`)
    writeFileSync(join(`${pathOf()}.d`, 'mine.conf'), '[Service]\n')
    assert.equal(await removeUnit(place, 'bak-node'), { path: pathOf(), existed: true, warnings: [] })
    assert.equal(readdirSync(dirname(pathOf())).sort(), ['bak-node.service.d', 'multi-user.target.wants'])
    assert.equal(readdirSync(wants), ['other.service'])
    assert.is((await removeUnit(place, 'bak-node')).existed, false)
  }
)

install('a unit that bak-node did not write is neither replaced nor removed', async () => {
  mkdirSync(dirname(pathOf()), { recursive: true })
  writeFileSync(pathOf(), '[Service]\nExecStart=/bin/true\n')
  assert.is(await codeOf(write()), 'not-allowed')
  assert.is(await codeOf(removeUnit(place, 'bak-node')), 'not-allowed')
  assert.is(readFileSync(pathOf(), 'utf8'), '[Service]\nExecStart=/bin/true\n')
})

install('a link in its place is not followed, even to a unit of bak-node', async () => {
  await write('/var/lib/bak', 'other')
  symlinkSync(pathOf('other'), pathOf())
  symlinkSync('/dev/null', pathOf('masked'))
  for (const name of ['bak-node', 'masked']) {
    assert.is(await codeOf(writeUnit(place, name, '/var/lib/bak', text())), 'not-allowed')
    assert.is(await codeOf(removeUnit(place, name)), 'not-allowed')
  }
  assert.ok(existsSync(pathOf('other')))
})

install('a second home needs another name', async () => {
  await write()
  assert.is(await codeOf(write('/srv/bak')), 'not-allowed')
  await write('/srv/bak', 'bak-second')
  assert.equal(await unitsFor(place, '/srv/bak'), ['bak-second'])
  assert.equal(await unitsFor(place, '/var/lib/bak'), ['bak-node'])
  assert.equal(await unitsFor(place, '/nowhere'), [])
})

install('a name that leaves the folder, or that systemd would refuse, is wrong usage', () => {
  for (const name of ['', '../x', 'a/b', '-x', '.x', 'a b', 'a@b', 'x'.repeat(250), 'a\n']) {
    assert.throws(
      () => unitPath(place, name),
      (error: { code: string }) => error.code === 'usage',
      name
    )
  }
})

install("a user's units are in the user's configuration folder", () => {
  const user: Place = { scope: 'user', root: '/' }
  assert.is(folderOf(user, { HOME: '/home/me' }), '/home/me/.config/systemd/user')
  assert.is(folderOf(user, { HOME: '/home/me', XDG_CONFIG_HOME: '/x' }), '/x/systemd/user')
  assert.is(folderOf({ ...user, root: '/mnt' }, { HOME: '/home/me' }), '/mnt/home/me/.config/systemd/user')
  assert.is(systemctl(user, 'enable', '--now', 'bak-node'), 'systemctl --user enable --now bak-node')
})

install('a folder without write permission is an error with the reason', async () => {
  mkdirSync(join(root, 'etc'))
  writeFileSync(join(root, 'etc/systemd'), 'a file')
  assert.is(await codeOf(write()), 'cannot-create')
})

install('systemctl is called only for this machine, and only if systemd runs', () => {
  assert.is(isManaged(place, root), false)
  assert.is(isManaged({ ...place, root: '/' }, root), true)
  assert.is(isManaged({ ...place, root: '/' }, join(root, 'nothing')), false)
})
install.run()
