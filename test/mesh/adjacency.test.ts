import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Adjacency } from '../../node/mesh/adjacency.ts'
import { adjacencyProtocol, MAX_LINKS } from '../../protocols/adjacency.ts'
import { topicName } from '../../protocols/hello.ts'
import type { Path } from '../../protocols/path.ts'
import { askOne, type Handler, serve } from '../../protocols/stream.ts'
import { linkTo, newSigner, stayAwake } from '../helpers/streams.ts'

const test = suite('adjacency')
test.after(stayAwake())

const [mesh, relay, a, b, c] = Array.from({ length: 5 }, () => newSigner().peer) as [string, string, ...string[]]

/** A peer with connections to these; its gossip on the topic `run` goes to some. */
function create(peers: Array<string | undefined>, paths: Record<string, Path>, gossip: string[] = []) {
  const connections = peers.map(peer => ({ remotePeer: { toString: () => peer } }))
  const served = new Map<string, Handler<never, unknown>>()
  const components = {
    connectionManager: { getConnections: () => connections },
    paths: { of: (peer: string) => paths[peer] },
    pubsub: { getMeshPeers: (topic: string) => (topic === topicName(mesh, 'run') ? gossip : []) },
    streams: {
      serve: async ({ id }: { id: string }, handler: Handler<never, unknown>) => void served.set(id, handler)
    }
  }
  return { adjacency: new Adjacency(components as never, { mesh }), served }
}

test('lists each peer once, with its path and whether gossip about runs goes to it', () => {
  const paths: Record<string, Path> = {
    [a as string]: { class: 'punched' },
    [b as string]: { class: 'relayed', via: relay }
  }
  // the connection with the third is about to close
  const { adjacency } = create([a, b, a, c], paths, [b as string, c as string])
  assert.equal(adjacency.list(), [
    { peer: a, class: 'punched', gossip: false },
    { peer: b, class: 'relayed', via: relay, gossip: true }
  ])
})

test('lists no more connections than fit into one answer', () => {
  const many = Array.from({ length: MAX_LINKS + 5 }, (_, i) => `peer ${i}`)
  const paths = Object.fromEntries(many.map(peer => [peer, { class: 'direct' as const }]))
  assert.is(create(many, paths).adjacency.list().length, MAX_LINKS)
})

test('serves the list', async () => {
  const { adjacency, served } = create([a], { [a as string]: { class: 'direct' } })
  await adjacency.start()
  const handler = served.get(adjacencyProtocol.id) as Handler<Record<string, never>, never>
  const { open } = linkTo(serve(adjacencyProtocol, handler), relay)
  assert.equal(await askOne(open, adjacencyProtocol, {}), { links: adjacency.list() })
})

test.run()
