/** Sockets for programs of a run: whose they are, and that nothing of them stays. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SocketFolder } from '../../node/processes/socket-folder.ts'
import { asNobody } from '../helpers/nobody.ts'
import { skipWhere } from '../helpers/skip.ts'

const sockets = suite('sockets for programs of a run')
const asRoot = skipWhere(process.getuid?.() === 0 ? undefined : 'only root can give a socket away', sockets)
const NOBODY = { uid: 65_534, gid: 65_534 }
let root: string
sockets.before.each(() => {
  root = mkdtempSync(join(tmpdir(), 's-'))
})
sockets.after.each(() => rmSync(root, { recursive: true, force: true }))

const closed = (server: ReturnType<typeof createServer>) => new Promise(resolve => server.close(resolve))
const opens = (path: string) =>
  new Promise<string>(resolve => {
    const socket = connect(path, () => resolve('open')).on('error', error =>
      resolve((error as NodeJS.ErrnoException).code ?? '')
    )
    socket.on('connect', () => socket.destroy())
  })

sockets(
  'each has its own path, mode 0600, in a folder of the daemon alone; the folder goes with the last',
  async () => {
    const folder = new SocketFolder({ root, isPassage: false })
    const servers = [createServer(), createServer()]
    const paths = await Promise.all(servers.map(server => folder.listen(server)))
    assert.is(new Set(paths).size, 2)
    for (const path of paths) {
      assert.equal([statSync(path).mode & 0o777, statSync(dirname(path)).mode & 0o777], [0o600, 0o700])
      assert.is(await opens(path), 'open')
      assert.is(path.length, join(root, 'bak.sock').length)
    }
    await closed(servers[0] as never)
    assert.equal(readdirSync(dirname(paths[1] as string)).length, 1)
    await closed(servers[1] as never)
    assert.equal(readdirSync(root), [])
    const again = createServer()
    assert.is(await opens(await folder.listen(again)), 'open')
    await closed(again)
  }
)

asRoot('another user reaches its own by the path that it was told, and sees no other', async () => {
  const base = join(root, 'base')
  const folder = new SocketFolder({ root: base, isPassage: true })
  const [own, other] = [createServer(), createServer()]
  const [ownPath, otherPath] = [await folder.listen(own, NOBODY), await folder.listen(other)]
  // the folder of the test lets others pass
  chmodSync(root, 0o755)
  await asNobody(async () => {
    assert.is(await opens(ownPath), 'open')
    assert.is(await opens(otherPath), 'EACCES')
    assert.throws(() => readdirSync(dirname(ownPath)), /EACCES/)
  })
  assert.is(statSync(ownPath).uid, NOBODY.uid)
  await closed(own)
  await closed(other)
  assert.not(existsSync(base))
})

sockets('what a daemon that was killed left is removed', () => {
  const folder = new SocketFolder({ root, isPassage: false })
  mkdirSync(join(root, 's'))
  writeFileSync(join(root, 's/abcdef'), '')
  folder.clear()
  assert.equal(readdirSync(root), [])
})

sockets('a home whose path is too long for a socket is refused in words', async () => {
  const long = join(root, 'x'.repeat(100))
  mkdirSync(long)
  const folder = new SocketFolder({ root: long, isPassage: false })
  await folder.listen(createServer()).then(
    () => assert.unreachable(),
    error => assert.match(error.message, /is too long for a socket: choose a shorter home/)
  )
})

sockets.run()
