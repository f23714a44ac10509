import { chmodSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Testnet } from '../helpers/mesh.ts'

const files = suite('what a daemon keeps')
const user = mkdtempSync(join(tmpdir(), 'bak-user-'))
let net: Testnet

files.before(async () => {
  net = await Testnet.start({ peers: ['a', 'b'], env: { HOME: user, XDG_CACHE_HOME: '' } })
  const run = await net.bak('a', ['run', '--tools', 'proc', '--', 'true'], { env: { HOME: user, XDG_CACHE_HOME: '' } })
  assert.is(run.status, 0, run.stderr)
  await net.bak('a', ['tools', 'register', 'proc', '--on', 'b'])
})
files.after(async () => {
  await net?.stop()
  rmSync(user, { recursive: true, force: true })
})

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)

files('is in its home and nowhere in that of its user, but for compiled code', () => {
  assert.equal(
    readdirSync(user, { recursive: true }).filter(name => !String(name).startsWith('.cache')),
    []
  )
  const cache = readdirSync(user).length === 0 ? ['bak'] : readdirSync(join(user, '.cache'))
  assert.equal(cache, ['bak'])
})

files('is for its owner alone: the folder, the socket, and each file in it', () => {
  for (const { home } of net.peers) {
    assert.is(modeOf(home), '700')
    assert.is(modeOf(join(home, 'bak.sock')), '600')
    assert.is(statSync(join(home, 'bak.sock')).uid, process.getuid?.())
    for (const entry of readdirSync(home, { withFileTypes: true })) {
      assert.is(modeOf(join(home, entry.name)), entry.isDirectory() ? '700' : '600', entry.name)
    }
  }
})

const spoiled: Array<[title: string, spoil: (home: string) => void, mend: (home: string) => void, says: RegExp]> = [
  [
    'a home that others may enter',
    home => chmodSync(home, 0o711),
    home => chmodSync(home, 0o700),
    /run chmod 700 '.*\/b'/
  ],
  [
    'a key that others may read',
    home => chmodSync(join(home, 'key'), 0o640),
    home => chmodSync(join(home, 'key'), 0o600),
    /run chmod 600 '.*\/key'/
  ],
  [
    'a secret of the mesh that others may read',
    home => chmodSync(join(home, 'mesh.json'), 0o644),
    home => chmodSync(join(home, 'mesh.json'), 0o600),
    /run chmod 600 '.*\/mesh\.json'/
  ],
  [
    'a key that is a link',
    home => {
      renameSync(join(home, 'key'), join(home, 'elsewhere'))
      symlinkSync('elsewhere', join(home, 'key'))
    },
    home => renameSync(join(home, 'elsewhere'), join(home, 'key')),
    /key is a link/
  ]
]
files('is not used when it is spoiled: the daemon says what mends it, and changes nothing', async () => {
  await net.stopPeer('b')
  const { home } = net.peer('b')
  const key = readFileSync(join(home, 'key'), 'utf8')
  for (const [title, spoil, mend, says] of spoiled) {
    spoil(home)
    const error = await net.startPeer('b').then(
      () => undefined,
      cause => cause as Error
    )
    assert.match(error?.message as string, says, title)
    assert.match(error?.message as string, 'ended with 78', title)
    mend(home)
    assert.is(readFileSync(join(home, 'key'), 'utf8'), key)
  }
  await net.startPeer('b')
})

files.run()
