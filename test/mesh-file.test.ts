import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { loadIdentity } from '../node/key-file.ts'
import { loadMesh, MeshFile } from '../node/mesh-file.ts'
import { type Home, openHome } from '../node/store/home.ts'
import type { BakError } from '../protocols/errors.ts'
import { checkProof } from '../protocols/proof.ts'
import type { Ticket } from '../protocols/ticket.ts'
import { newSigner } from './helpers/streams.ts'
import { founderOf, HOUR, membershipOf, ticketOf } from './helpers/trust.ts'
import { scratch } from './store/scratch.ts'

const test = suite('the mesh of a home')
const founder = founderOf()
const ticket = (change: Partial<Ticket> = {}): Ticket => ({
  ...ticketOf(founder),
  generation: 3,
  secret: new Uint8Array(32).fill(9),
  addresses: ['/ip4/192.0.2.7/tcp/4001', `/ip4/192.0.2.8/tcp/4001/p2p/${founder.peer}`],
  ...change
})

const newHome = (): Promise<Home> => openHome(join(scratch(), 'home'))
const contentOf = async (home: Home) => JSON.parse(await readFile(home.mesh, 'utf8'))

async function errorOf(work: Promise<unknown>): Promise<BakError> {
  return await work.then(
    () => {
      throw new Error('nothing was thrown')
    },
    error => error as BakError
  )
}

test('is a new one without a file and a ticket: founded by this peer, with a new secret', async () => {
  const home = await newHome()
  const me = await loadIdentity(home)
  assert.is(await MeshFile.read(home), undefined)
  const made = await loadMesh(home, me)
  assert.is(made.mesh, me.peer)
  assert.is(made.secrets.length, 1)
  assert.is(made.secrets[0]?.generation, 1)
  assert.is(made.secrets[0]?.value.length, 32)
  assert.equal([made.proof, made.admitted], [undefined, false])
  assert.is(((await stat(home.mesh)).mode & 0o777).toString(8), '600')
  assert.equal((await loadMesh(home, me)).secrets, made.secrets)
  const elsewhere = await newHome()
  const other = await loadMesh(elsewhere, await loadIdentity(elsewhere))
  assert.is.not(
    Buffer.from(other.secrets[0]?.value ?? '').toString('hex'),
    Buffer.from(made.secrets[0]?.value ?? '').toString('hex')
  )
})

test('is that of the ticket, with its addresses, its secret, and the proof of this peer', async () => {
  const home = await newHome()
  const me = await loadIdentity(home)
  const joined = await loadMesh(home, me, ticket())
  assert.is(joined.mesh, founder.mesh)
  assert.equal(joined.secrets, [{ generation: 3, value: new Uint8Array(32).fill(9) }])
  assert.equal(joined.ticketAddresses, [
    `/ip4/192.0.2.7/tcp/4001/p2p/${founder.peer}`,
    `/ip4/192.0.2.8/tcp/4001/p2p/${founder.peer}`
  ])
  const proof = checkProof(founder.mesh, joined.proof as Uint8Array)
  assert.equal([proof.peer, proof.role, proof.issuers], [me.peer, 'controller', [founder.peer]])
  assert.is(joined.admitted, false)
  const again = (await MeshFile.read(home)) as MeshFile
  assert.equal(
    [again.mesh, again.ticketAddresses, again.secrets, again.proof],
    [joined.mesh, joined.ticketAddresses, joined.secrets, joined.proof]
  )
})

test('is kept in spite of a ticket of another one once this peer was admitted, and the error says what to do', async () => {
  const home = await newHome()
  const me = await loadIdentity(home)
  await (await loadMesh(home, me, ticket())).update({ admitted: true })
  const before = await contentOf(home)
  const error = await errorOf(loadMesh(home, me, ticketOf(founderOf())))
  assert.is(error.code, 'not-allowed')
  assert.match(error.message, 'use another --home')
  assert.equal(await contentOf(home), before)
})

test('is that of a new ticket as long as this peer was not admitted', async () => {
  const home = await newHome()
  const me = await loadIdentity(home)
  await loadMesh(home, me, ticket({ secret: new Uint8Array(32) }))
  assert.equal((await loadMesh(home, me, ticket())).secrets, [{ generation: 3, value: new Uint8Array(32).fill(9) }])
  const other = founderOf()
  assert.is((await loadMesh(home, me, ticketOf(other))).mesh, other.mesh)
})

test('that this peer founded is left for a ticket before it was ever started, and never afterwards', async () => {
  const home = await newHome()
  const me = await loadIdentity(home)
  await loadMesh(home, me)
  assert.is((await loadMesh(home, me, ticket())).mesh, founder.peer)
  await rm(home.mesh)
  await (await loadMesh(home, me)).update({ admitted: true })
  assert.is((await errorOf(loadMesh(home, me, ticket()))).code, 'not-allowed')
})

test('takes the newer secret, the proof and the addresses of another ticket, and keeps its port', async () => {
  const home = await newHome()
  const me = await loadIdentity(home)
  const first = await loadMesh(home, me, ticket())
  await first.update({ port: 4711, admitted: true })
  const better = { ...ticketOf(founder, { role: 'admin' }), generation: 4, addresses: ['/ip4/192.0.2.9/tcp/1'] }
  const again = await loadMesh(home, me, better)
  assert.equal(
    again.secrets.map(({ generation }) => generation),
    [4, 3]
  )
  assert.equal([again.port, again.admitted], [4711, true])
  assert.equal(again.ticketAddresses, [`/ip4/192.0.2.9/tcp/1/p2p/${founder.peer}`])
  assert.is(checkProof(founder.mesh, again.proof as Uint8Array).role, 'admin')
})

test('keeps a proof that was renewed since, however often the same ticket is used again', async () => {
  const home = await newHome()
  const me = await loadIdentity(home)
  const given = ticketOf(founder, { role: 'agent' }, Date.now())
  const first = await loadMesh(home, me, given)
  const renewed = membershipOf(founder, checkProof(founder.mesh, first.proof as Uint8Array), 30 * 24 * HOUR, Date.now())
  await first.update({ proof: renewed.bytes, admitted: true })
  assert.equal((await loadMesh(home, me, given)).proof, renewed.bytes)
  const over = ticketOf(founder, { role: 'admin' }, Date.now() - 2 * HOUR)
  assert.equal((await loadMesh(home, me, over)).proof, renewed.bytes, 'nor for one that has run out')
  const other = await loadMesh(home, me, ticketOf(founder, { role: 'admin' }, Date.now()))
  assert.is(checkProof(founder.mesh, other.proof as Uint8Array).role, 'admin')
})

test('keeps its newer secret, and the one by which it was admitted, whatever a ticket contains', async () => {
  const home = await newHome()
  const me = await loadIdentity(home)
  await (await loadMesh(home, me, ticket())).update({ admitted: true })
  const older = await loadMesh(home, me, ticket({ generation: 2, secret: new Uint8Array(32).fill(1) }))
  const same = await loadMesh(home, me, ticket({ generation: 3, secret: new Uint8Array(32).fill(2) }))
  for (const { secrets } of [older, same])
    assert.equal(secrets[0], { generation: 3, value: new Uint8Array(32).fill(9) })
})

test('does not change for a ticket that no admin of its mesh signed', async () => {
  const home = await newHome()
  const me = await loadIdentity(home)
  const stranger = founderOf({ ...newSigner() })
  const forged = { ...ticketOf({ ...stranger, mesh: founder.mesh }), mesh: founder.mesh }
  const error = await errorOf(loadMesh(home, me, forged))
  assert.is(error.code, 'usage')
  assert.match(error.message, 'no admin of mesh')
  assert.is(await MeshFile.read(home), undefined)
})

test('accepts an expired ticket: the peers that refuse it must log it, too', async () => {
  const home = await newHome()
  const old = ticketOf(founder, { ttl: HOUR }, Date.now() - 2 * HOUR)
  assert.is((await loadMesh(home, await loadIdentity(home), old)).mesh, founder.mesh)
})

test('that others may read is refused with the command that mends it', async () => {
  const home = await newHome()
  await loadMesh(home, await loadIdentity(home))
  await chmod(home.mesh, 0o644)
  const error = await errorOf(MeshFile.read(home))
  assert.is(error.code, 'bad-config')
  assert.ok(error.message.endsWith(`run chmod 600 '${home.mesh}'`))
})

const damaged = ['', '{', '{}', '[]', '{"mesh":"x","secrets":[],"admitted":true,"way":[]}']
for (const text of damaged) {
  test(`that is damaged is never replaced by a new one: ${JSON.stringify(text)}`, async () => {
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

test('that cannot be read is not taken for a missing file', async () => {
  const home = await newHome()
  const me = await loadIdentity(home)
  await mkdir(home.mesh)
  assert.is((await errorOf(MeshFile.read(home))).code, 'bad-config')
  await rm(home.mesh, { recursive: true })
  assert.is((await loadMesh(home, me)).mesh, me.peer)
})

test('changes are written in their order, the last one stays', async () => {
  const home = await newHome()
  const mesh = await loadMesh(home, await loadIdentity(home))
  await Promise.all([1, 2, 3, 4].map(port => mesh.update({ port })))
  assert.is((await contentOf(home)).port, 4)
  const { mtimeMs } = await stat(home.mesh)
  await mesh.update({ port: 4 })
  assert.is((await stat(home.mesh)).mtimeMs, mtimeMs)
})

test.run()
