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
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { loadIdentity } from '../../node/key-file.ts'
import { temporaryIn } from '../../node/store/atomic.ts'
import { type Home, openHome } from '../../node/store/home.ts'
import { forget, isHome, lossesOf, purge } from '../../node/store/remove-home.ts'

const leave = suite('removing a home')
let dir = ''
let home: Home
leave.before.each(async () => {
  dir = mkdtempSync(join(tmpdir(), 'bak-leave-'))
  home = await openHome(join(dir, 'home'))
  await loadIdentity(home)
  for (const path of [home.mesh, home.peers, home.config, home.registered, home.ledger]) writeFileSync(path, 'x')
})
leave.after.each(() => rmSync(dir, { recursive: true, force: true }))

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'none',
    error => error.code
  )
const RUN = '20261122T213015-k3f9ab'

leave(
  'leaving forgets the mesh and its members, and keeps key, settings, what its owner put there, and results',
  async () => {
    for (const folder of [home.runs(RUN), home.hooks, home.tools]) mkdirSync(folder)
    writeFileSync(join(home.hooks, '10-governor'), '#!/bin/sh\n')
    writeFileSync(join(home.tools, 'queue.toml'), 'command = ["queue"]\n')
    const key = readFileSync(home.key, 'utf8')
    assert.match((await forget(home)).join(), /left the mesh; .* are still in/)
    assert.equal(readdirSync(home.root).sort(), [
      'config.toml',
      'hooks.d',
      'inbox',
      'key',
      'processes',
      'runs',
      'tools.d',
      'tools.json',
      'work'
    ])
    assert.is(readFileSync(home.key, 'utf8'), key)
    assert.equal(readdirSync(home.runs()), [RUN])
    assert.match((await forget(home)).join(), /is in no mesh/)
  }
)

leave('purging leaves nothing, not even the temporary files of a crash', async () => {
  mkdirSync(join(home.runs(RUN), 'sysinfo'), { recursive: true })
  writeFileSync(join(home.runs(RUN), 'run.json'), '{}')
  writeFileSync(temporaryIn(home.root), 'half')
  writeFileSync(`${home.lock}.0123456789abcdef`, '{}')
  assert.equal(await purge(home), [`deleted ${home.root}`])
  assert.equal(readdirSync(dir), [])
})

leave('other files stay, and so does the folder', async () => {
  writeFileSync(join(home.root, 'notes.txt'), 'mine')
  mkdirSync(join(home.root, 'more'))
  const done = await purge(home)
  assert.match(done.join(), /other files stay: more, notes\.txt/)
  assert.equal(readdirSync(home.root).sort(), ['more', 'notes.txt'])
})

leave('links are removed and never followed, wherever they are', async () => {
  const precious = join(dir, 'precious')
  mkdirSync(join(precious, 'inner'), { recursive: true })
  writeFileSync(join(precious, 'inner/file'), 'data')
  rmSync(home.runs(), { recursive: true })
  symlinkSync(precious, home.runs())
  mkdirSync(home.work(RUN))
  symlinkSync(precious, join(home.work(RUN), 'data'))
  const done = await purge(home)
  assert.equal(done, [`${home.runs()} was a link: its target is still there`, `deleted ${home.root}`])
  assert.is(readFileSync(join(precious, 'inner/file'), 'utf8'), 'data')
})

leave('a folder without the key of a peer is no home, nor is a link, a file, or a folder called key', async () => {
  const other = join(dir, 'other')
  mkdirSync(join(other, 'runs'), { recursive: true })
  writeFileSync(join(dir, 'file'), 'x')
  symlinkSync(home.root, join(dir, 'link'))
  const folder = await openHome(join(dir, 'folder'))
  mkdirSync(folder.key)
  const linked = await openHome(join(dir, 'linked'))
  symlinkSync(home.key, linked.key)
  for (const name of ['other', 'file', 'link', 'folder', 'linked']) {
    const { root, key } = { root: join(dir, name), key: join(dir, name, 'key') }
    assert.is(await codeOf(isHome({ ...home, root, key })), 'not-allowed', name)
  }
  assert.is(await isHome({ ...home, root: join(dir, 'nowhere'), key: join(dir, 'nowhere/key') }), false)
  assert.is(await isHome(home), true)
})

leave('the key is deleted last, so that an interrupted purge can be repeated', async () => {
  rmSync(home.config)
  mkdirSync(home.config)
  await purge(home)
  assert.not.ok(existsSync(home.key))
})

const losses: Array<
  [title: string, make: () => void, all: { everything: boolean; founded: boolean; onlyAdmin?: boolean }, lost: RegExp[]]
> = [
  ['nothing', () => {}, { everything: true, founded: false }, []],
  [
    'data without a receipt',
    () => mkdirSync(home.work(RUN)),
    { everything: false, founded: false },
    [/not collected yet, of .*k3f9ab/]
  ],
  [
    'partially received tarballs',
    () => {
      mkdirSync(home.inbox(RUN))
      writeFileSync(join(home.inbox(RUN), `${'0'.repeat(64)}.part`), 'x')
    },
    { everything: false, founded: false },
    [/not been received completely, of .*k3f9ab/]
  ],
  ['receipts', () => mkdirSync(home.inbox(RUN)), { everything: false, founded: false }, []],
  ['results, where they stay', () => mkdirSync(home.runs(RUN)), { everything: false, founded: false }, []],
  [
    'results, where they do not',
    () => mkdirSync(home.runs(RUN)),
    { everything: true, founded: false },
    [/results of .*k3f9ab/]
  ],
  ['the founder', () => {}, { everything: true, founded: true }, [/founder .* root of all rights/]],
  ['the founder, for a while', () => {}, { everything: false, founded: true }, [/founder .* by an admin/]],
  [
    'the only admin',
    () => {},
    { everything: false, founded: true, onlyAdmin: true },
    [/founder .* nobody can let it in again/, /only admin .* invite, revoke or renew/]
  ],
  [
    'many results',
    () => {
      for (let i = 0; i < 8; i++) mkdirSync(home.runs(`${RUN.slice(0, -1)}${i}`))
    },
    { everything: true, founded: false },
    [/and 3 more/]
  ]
]
for (const [title, make, all, lost] of losses) {
  leave(`what would be lost: ${title}`, async () => {
    make()
    const found = await lossesOf(home, { onlyAdmin: false, ...all })
    assert.is(found.length, lost.length, found.join('\n'))
    for (const [i, pattern] of lost.entries()) assert.match(found[i] as string, pattern)
    assert.ok(lstatSync(home.key).isFile(), 'nothing is deleted')
  })
}
leave.run()
