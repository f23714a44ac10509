/** The user that `bak-node install` makes for programs of others. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { runAsOf } from '../../node/processes/run-as.ts'
import { makeRunUser } from '../../node/service/run-user.ts'
import { needs, skipWhere } from '../helpers/skip.ts'

const users = suite('the user of programs of others')
const why = process.getuid?.() === 0 ? needs('useradd') : 'only root makes users'
const asRoot = skipWhere(why, users)
const root = mkdtempSync(join(tmpdir(), 'bak-user-'))
users.after(() => rmSync(root, { recursive: true }))

users('a user’s own unit, and a root that has no users yet, need none', async () => {
  assert.equal(await makeRunUser({ scope: 'user', root }), [])
  assert.equal(await makeRunUser({ scope: 'system', root }), [])
})

asRoot('is a system user without a home and a shell, made once', async () => {
  mkdirSync(join(root, 'etc'))
  for (const name of ['passwd', 'group', 'shadow', 'gshadow', 'login.defs']) writeFileSync(join(root, 'etc', name), '')
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n')
  const [said = '', ...more] = await makeRunUser({ scope: 'system', root })
  assert.equal(more, [])
  assert.match(said, /made the user bak-run/)
  const passwd = readFileSync(join(root, 'etc/passwd'), 'utf8')
  assert.match(passwd, /^bak-run:x:\d+:\d+::\/nonexistent:\/usr\/sbin\/nologin$/m)
  assert.is(runAsOf(undefined, passwd).user, 'bak-run')
  assert.equal(await makeRunUser({ scope: 'system', root }), [])
})

asRoot('that cannot be made is named, and nobody takes its place', async () => {
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n')
  rmSync(join(root, 'etc/group'))
  mkdirSync(join(root, 'etc/group'))
  const [said = ''] = await makeRunUser({ scope: 'system', root })
  assert.match(said, /^the user bak-run was not made: .*; programs of others run as nobody$/)
})

users.run()
