import { spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { privateKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { loadIdentity, loadMesh, readMesh, secretOf, writeMesh } from '../node/identity.ts'
import { type Home, openHome } from '../node/store/home.ts'
import { BakError } from '../protocols/errors.ts'
import { sign, verify } from '../protocols/identity.ts'
import type { Ticket } from '../protocols/ticket.ts'
import { BAK_NODE } from '../testnets/programs.ts'
import { finished } from '../testnets/testnet.ts'
import { newSigner } from './helpers/streams.ts'
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

identity('is made once, for its owner only, and is the same ever after', async () => {
  const home = await newHome()
  const first = await loadIdentity(home)
  assert.is(await modeOf(home.key), '600')
  const text = await readFile(home.key, 'utf8')
  const again = await loadIdentity(home)
  assert.is(again.peer, first.peer)
  assert.equal(again.raw, first.raw)
  assert.is(await readFile(home.key, 'utf8'), text)
})

identity('is one, however many want it at the same time', async () => {
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

identity('in a home that others may enter is not even made; the program says what mends it', async () => {
  const home = join(scratch(), 'home')
  await mkdir(home)
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

const mesh = suite('the mesh of a home')
const founder = newSigner().peer
const ticket = (change: Partial<Ticket> = {}): Ticket => ({
  mesh: founder,
  generation: 3,
  secret: new Uint8Array(32).fill(9),
  addresses: ['/ip4/192.0.2.7/tcp/4001', `/ip4/192.0.2.8/tcp/4001/p2p/${founder}`],
  from: founder,
  ...change
})

mesh('is a new one where there is none and no ticket: founded by this peer, with a secret of its own', async () => {
  const home = await newHome()
  const me = await loadIdentity(home)
  assert.is(await readMesh(home), undefined)
  const made = await loadMesh(home, me)
  assert.is(made.mesh, me.peer)
  assert.is(secretOf(made).generation, 1)
  assert.is(secretOf(made).value.length, 32)
  assert.is(await modeOf(home.mesh), '600')
  assert.equal(await loadMesh(home, me), made)
  const elsewhere = await newHome()
  assert.is.not((await loadMesh(elsewhere, await loadIdentity(elsewhere))).secret.value, made.secret.value)
})

mesh('is that of the ticket where there is one, with the way there and whom to find', async () => {
  const home = await newHome()
  const joined = await loadMesh(home, await loadIdentity(home), ticket())
  assert.is(joined.mesh, founder)
  assert.equal(secretOf(joined), { generation: 3, value: new Uint8Array(32).fill(9) })
  assert.equal(joined.way, [`/ip4/192.0.2.7/tcp/4001/p2p/${founder}`, `/ip4/192.0.2.8/tcp/4001/p2p/${founder}`])
  assert.equal(await readMesh(home), JSON.parse(JSON.stringify(joined)))
})

mesh('does not change for a ticket of another one, and the error says what to do', async () => {
  const home = await newHome()
  const me = await loadIdentity(home)
  const made = await loadMesh(home, me)
  const error = await errorOf(loadMesh(home, me, ticket()))
  assert.is(error.code, 'not-allowed')
  assert.match(error.message, 'use another --home')
  assert.equal(await readMesh(home), made)
})

mesh('takes the newer secret and the way of another ticket of its own, and keeps its port', async () => {
  const home = await newHome()
  const me = await loadIdentity(home)
  await writeMesh(home, { ...(await loadMesh(home, me, ticket())), port: 4711 })
  const again = await loadMesh(home, me, ticket({ generation: 4, addresses: ['/ip4/192.0.2.9/tcp/1'] }))
  assert.is(again.secret.generation, 4)
  assert.is(again.port, 4711)
  assert.equal(again.way, [`/ip4/192.0.2.9/tcp/1/p2p/${founder}`])
})

mesh('that others may read is refused with the command that mends it', async () => {
  const home = await newHome()
  await loadMesh(home, await loadIdentity(home))
  await chmod(home.mesh, 0o644)
  const error = await errorOf(readMesh(home))
  assert.is(error.code, 'bad-config')
  assert.ok(error.message.endsWith(`run chmod 600 '${home.mesh}'`))
})

const damaged = ['', '{', '{}', '[]', '{"mesh":"x","secret":{"generation":1,"value":""},"way":[]}']
for (const text of damaged) {
  mesh(`that is damaged is never replaced by a new one: ${JSON.stringify(text)}`, async () => {
    const home = await newHome()
    const me = await loadIdentity(home)
    await writeFile(home.mesh, text, { mode: 0o600 })
    for (const given of [undefined, ticket()]) {
      const error = await errorOf(loadMesh(home, me, given))
      assert.is(error.code, 'bad-config')
      assert.match(error.message, `${home.mesh} is damaged`)
    }
    assert.is(await readFile(home.mesh, 'utf8'), text)
  })
}

mesh('that cannot be read is not taken for one that is not there', async () => {
  const home = await newHome()
  const me = await loadIdentity(home)
  await mkdir(home.mesh)
  assert.is((await errorOf(readMesh(home))).code, 'bad-config')
  await rm(home.mesh, { recursive: true })
  assert.is((await loadMesh(home, me)).mesh, me.peer)
})
mesh.run()
