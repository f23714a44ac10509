import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createLog } from '../../../node/log.ts'
import { NeighbourSync } from '../../../node/mesh/membership/neighbour-sync.ts'
import { Table } from '../../../node/mesh/membership/table.ts'
import type { Streams } from '../../../node/mesh/streams.ts'
import { pause } from '../../../node/wait.ts'
import { type Signer, seal } from '../../../protocols/envelope.ts'
import { BakError } from '../../../protocols/errors.ts'
import { memberSubject } from '../../../protocols/hello.ts'
import { serve } from '../../../protocols/stream.ts'
import { linkTo, newSigner, stayAwake } from '../../helpers/streams.ts'
import { until } from '../../helpers/workspace.ts'
import { record as sample } from '../../protocols/samples.ts'

const test = suite('sync with neighbours')
test.after(stayAwake())
/** The longest delay of a rebroadcast, and a bit. */
const REBROADCAST_MS = 2_500

type Served = Parameters<typeof serve<unknown, unknown>>
/** The peers of one test, by id, as their neighbours reach them. */
type Network = Map<string, Served>

/** In the order of their ids: the first asks the second, and so on. */
const signers = Array.from({ length: 4 }, newSigner).sort((a, b) => (a.peer < b.peer ? -1 : 1))
const [first, second, third, distant] = signers as [Signer, Signer, Signer, Signer]

async function create(network: Network, { peer }: Signer, known: Signer[], lost: string[] = []) {
  const table = new Table()
  const log: string[] = []
  const published: string[] = []
  const reported: string[] = []
  for (const signer of known) {
    const record = { ...sample, peer: signer.peer, version: 5 }
    table.learn(record, seal(memberSubject, record, signer), 1)
  }
  for (const each of lost) table.markLost(each, 5, 2)
  const streams: Pick<Streams, 'connected' | 'serve' | 'to'> = {
    connected: () => true,
    serve: async (...served) => void network.set(peer, served as unknown as Served),
    to: other => {
      const served = network.get(other)
      if (served != null) return linkTo(serve(...served), peer).open
      return async () => {
        throw new BakError('unreachable', 'no such peer')
      }
    }
  }
  const sync = new NeighbourSync(
    { streams, authority: { check: () => undefined, roleOf: () => 'agent' } },
    {
      log: createLog('debug', line => log.push(line)),
      self: peer,
      table,
      learn: ({ value, sealed }) => table.learn(value, sealed, 3),
      onLost: report => reported.push(report.peer),
      publish: ({ by }) => published.push(by)
    }
  )
  await sync.start()
  return { sync, table, published, reported, log }
}

test('makes both tables equal, asked by the peer with the smaller id only', async () => {
  const network: Network = new Map()
  const near = await create(network, first, [first])
  const far = await create(network, second, [second, distant])
  far.sync.onIdentified(first.peer)
  await pause(50)
  assert.is(far.table.size, 2, 'the other peer asks')
  near.sync.onIdentified(second.peer)
  await until(() => (near.table.size === 3 && far.table.size === 3 ? true : undefined))
})

/** A peer that is about to rebroadcast the record of `distant`. */
async function learnDistant() {
  const network: Network = new Map()
  const near = await create(network, first, [])
  await create(network, second, [second])
  await create(network, third, [distant])
  near.sync.onIdentified(second.peer)
  await until(() => near.table.get(second.peer))
  await pause(50)
  near.sync.onIdentified(third.peer)
  await until(() => near.table.get(distant.peer))
  return near
}

test('rebroadcasts a record only if there was a sync with another neighbour', async () => {
  const near = await learnDistant()
  await pause(REBROADCAST_MS)
  assert.equal(near.published, [distant.peer], 'the only neighbour of the first sync had it already')
})

test('reports a peer that is lost to its neighbour, and does not rebroadcast it', async () => {
  const network: Network = new Map()
  const near = await create(network, first, [])
  await create(network, second, [second])
  await create(network, third, [distant], [distant.peer])
  near.sync.onIdentified(second.peer)
  await until(() => near.table.get(second.peer))
  near.sync.onIdentified(third.peer)
  await until(() => near.reported[0])
  await pause(REBROADCAST_MS)
  assert.equal([near.reported, near.published], [[distant.peer], []])
})

test('rebroadcasts nothing that another peer has published, nor after the stop', async () => {
  const [known, stopped] = [await learnDistant(), await learnDistant()]
  known.sync.onPublished({ peer: distant.peer, version: 5 })
  await stopped.sync.stop()
  await pause(REBROADCAST_MS)
  assert.equal([known.published, stopped.published], [[], []])
})

test('logs a sync that fails, and goes on', async () => {
  const near = await create(new Map(), first, [first])
  near.sync.onIdentified(second.peer)
  await until(() => near.log.find(line => line.includes('sync failed')))
  assert.is(near.table.size, 1)
})

test.run()
