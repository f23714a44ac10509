import { spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { privateKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { loadIdentity } from '../node/key-file.ts'
import { type Home, openHome } from '../node/store/home.ts'
import type { BakError } from '../protocols/errors.ts'
import { sign, verify } from '../protocols/identity.ts'
import { BAK_NODE } from '../testnets/programs.ts'
import { finished } from '../testnets/testnet.ts'
import { scratch } from './store/scratch.ts'

const newHome = (): Promise<Home> => openHome(join(scratch(), 'home'))
const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8)

async function errorOf(work: Promise<unknown>): Promise<BakError> {
  return await work.then(
    () => {
      throw new Error('nothing was thrown')
    },
    error => error as BakError
  )
}

const identity = suite('the key of a peer')

identity('is made once, readable by its owner only, and kept', async () => {
  const home = await newHome()
  const first = await loadIdentity(home)
  assert.is(await modeOf(home.key), '600')
  const text = await readFile(home.key, 'utf8')
  const again = await loadIdentity(home)
  assert.is(again.peer, first.peer)
  assert.equal(again.raw, first.raw)
  assert.is(await readFile(home.key, 'utf8'), text)
})

identity('is one for concurrent calls', async () => {
  const home = await newHome()
  const all = await Promise.all(Array.from({ length: 10 }, () => loadIdentity(home)))
  assert.is(new Set(all.map(({ peer }) => peer)).size, 1)
})

identity('is one for several programs that start at the same time on a fresh home', async () => {
  const home = join(scratch(), 'home')
  const started = Array.from({ length: 4 }, () => finished(spawn(BAK_NODE, ['--home', home, 'init'])))
  const said = await Promise.all(started)
  assert.equal(
    said.map(({ status }) => status),
    [0, 0, 0, 0]
  )
  assert.is(new Set(said.map(({ stdout }) => /^peer +(\S+)$/m.exec(stdout)?.[1])).size, 1)
})

identity('is not made in a home that others may enter; the error says what to do', async () => {
  const home = join(scratch(), 'home')
  await mkdir(join(home, 'runs'), { recursive: true })
  await chmod(home, 0o755)
  const { status, stderr } = await finished(spawn(BAK_NODE, ['--home', home, 'init']))
  assert.is(status, 78)
  assert.match(stderr, `run chmod 700 '${home}'`)
  assert.is(await errorOf(stat(join(home, 'key'))).then(({ code }) => code as string), 'ENOENT')
})

identity('is another in each home', async () => {
  const [a, b] = [await loadIdentity(await newHome()), await loadIdentity(await newHome())]
  assert.is.not(a.peer, b.peer)
})

identity('is the same key and the same peer id for libp2p, and signs', async () => {
  const { peer, key, raw } = await loadIdentity(await newHome())
  const theirs = privateKeyFromRaw(raw)
  assert.is(peerIdFromPrivateKey(theirs).toString(), peer)
  const words = Buffer.from('words')
  assert.ok(verify(peer, words, sign(key, words)))
  assert.ok(verify(peer, words, await theirs.sign(words)))
})

for (const mode of [0o640, 0o604, 0o644, 0o660, 0o620, 0o601]) {
  identity(`with mode ${mode.toString(8)} is refused with the command that mends it, and not touched`, async () => {
    const home = await newHome()
    const { peer } = await loadIdentity(home)
    await chmod(home.key, mode)
    const error = await errorOf(loadIdentity(home))
    assert.is(error.code, 'bad-config')
    assert.ok(error.message.endsWith(`run chmod 600 '${home.key}'`), error.message)
    assert.is(await modeOf(home.key), mode.toString(8))
    await chmod(home.key, 0o600)
    assert.is((await loadIdentity(home)).peer, peer)
  })
}

identity('that only its owner may read, not write, is in order', async () => {
  const home = await newHome()
  const { peer } = await loadIdentity(home)
  await chmod(home.key, 0o400)
  assert.is((await loadIdentity(home)).peer, peer)
})

const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ type: 'pkcs8', format: 'pem' })
for (const [title, text] of [
  ['is damaged', 'no key at all\n'],
  ['is empty', ''],
  ['is of another kind', rsa as string]
]) {
  identity(`that ${title} is refused by its name, and never replaced by a new one`, async () => {
    const home = await newHome()
    await writeFile(home.key, text as string, { mode: 0o600 })
    const error = await errorOf(loadIdentity(home))
    assert.is(error.code, 'bad-config')
    assert.match(error.message, `${home.key} is not the key of a peer`)
    assert.is(await readFile(home.key, 'utf8'), text)
  })
}
identity.run()
