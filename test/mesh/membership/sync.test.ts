import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Checks, openRecord } from '../../../node/mesh/membership/check-hello.ts'
import { answerSync, type SyncContext, syncRecords } from '../../../node/mesh/membership/sync.ts'
import { Table } from '../../../node/mesh/membership/table.ts'
import { type Signer, seal } from '../../../protocols/envelope.ts'
import { memberSubject, syncProtocol } from '../../../protocols/hello.ts'
import { call, serve } from '../../../protocols/stream.ts'
import { linkTo, newSigner, stayAwake } from '../../helpers/streams.ts'
import { record as sample } from '../../protocols/samples.ts'

const test = suite('sync of records')
test.after(stayAwake())

const peers = Array.from({ length: 5 }, newSigner) as [Signer, Signer, Signer, Signer, Signer]

/** Admits every peer: proofs are tested elsewhere. */
const everyone: Checks = { check: () => undefined, roleOf: () => 'controller' }

interface Side extends SyncContext {
  /** The records that it learned, and whether each was said to be of a lost peer. */
  learned: Array<[peer: string, lost: boolean]>
}

function sideOf(known: Array<[signer: Signer, version: number, lost?: boolean]>): Side {
  const table = new Table()
  for (const [signer, version, lost] of known) {
    const record = { ...sample, peer: signer.peer, version }
    table.learn(record, seal(memberSubject, record, signer), 1)
    if (lost) table.markLost(signer.peer, version, 2)
  }
  const learned: Side['learned'] = []
  const learn: SyncContext['learn'] = (records, _, lost) => {
    for (const sealed of records) {
      const { value } = openRecord(sealed, everyone)
      table.learn(value, sealed, 3)
      learned.push([value.peer, lost?.includes(value.peer) ?? false])
    }
  }
  return { table, learn, learned }
}

async function sync(near: Side, far: Side): Promise<void> {
  const ended = Promise.withResolvers<void>()
  const handler = serve(syncProtocol, async function* (first, exchange) {
    yield* answerSync(first, exchange, far)
    ended.resolve()
  })
  await syncRecords(linkTo(handler, peers[0].peer).open, peers[1].peer, near)
  await ended.promise
}

test('gives both sides the newer record of each peer, and sends only what a side lacked', async () => {
  const [a, b, c, d] = peers
  const near = sideOf([
    [a, 1],
    [b, 7],
    [c, 3]
  ])
  const far = sideOf([
    [b, 5],
    [c, 3],
    [d, 2]
  ])
  await sync(near, far)
  assert.equal(near.learned, [[d.peer, false]])
  assert.equal(far.learned.sort(), [[a.peer, false] as [string, boolean], [b.peer, false] as [string, boolean]].sort())
})

test('tells the other side which peers are lost, both ways', async () => {
  const [a, b, c, d] = peers
  const near = sideOf([
    [a, 1, true],
    [b, 1]
  ])
  const far = sideOf([
    [c, 1, true],
    [d, 1]
  ])
  await sync(near, far)
  assert.equal(Object.fromEntries(near.learned), { [c.peer]: true, [d.peer]: false })
  assert.equal(Object.fromEntries(far.learned), { [a.peer]: true, [b.peer]: false })
})

test('transfers more records than fit into a frame', async () => {
  const crowd = Array.from({ length: 450 }, newSigner)
  const far = sideOf(crowd.map((signer, i) => [signer, 1, i % 2 === 0]))
  const near = sideOf([])
  await sync(near, far)
  assert.is(near.learned.length, 450)
  assert.is(near.learned.filter(([, lost]) => lost).length, 225)
})
test('ignores records that were not asked for, and second copies', async () => {
  const [a, b, c] = peers
  const far = sideOf([[b, 5]])
  const sealedOf = (signer: Signer, version: number) =>
    seal(memberSubject, { ...sample, peer: signer.peer, version }, signer)
  const ended = Promise.withResolvers<void>()
  const handler = serve(syncProtocol, async function* (first, exchange) {
    yield* answerSync(first, exchange, far)
    ended.resolve()
  })
  const exchange = await call(linkTo(handler, a.peer).open, syncProtocol)
  await exchange.send({ type: 'have', versions: [a, b].map(({ peer }) => ({ peer, version: 3 })) })
  assert.equal((await exchange.receive())?.want, [a.peer])
  await exchange.send({ type: 'give', records: [a, a, b, c].map(signer => sealedOf(signer, 9)) })
  await exchange.close()
  await ended.promise
  assert.equal(far.learned, [[a.peer, false]])
})

test('ends with a peer that sends more records than a mesh may have', async () => {
  const [a] = peers
  const near = sideOf([])
  const records = Array.from({ length: 200 }, () => seal(memberSubject, { ...sample, peer: a.peer }, a))
  let frames = 0
  const handler = serve(syncProtocol, async function* () {
    for (; ; frames++) yield { records, want: [] as string[] }
  })
  const syncing = syncRecords(linkTo(handler, a.peer).open, a.peer, { ...near, learn: () => {} })
  const error = await syncing.catch(cause => cause)
  assert.is(error.code, 'bad-message')
  assert.ok(frames < 80, `${frames} frames`)
})

test.run()
