import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { adjacencyProtocol, type Link, MAX_LINKS } from '../../protocols/adjacency.ts'
import { BakError } from '../../protocols/errors.ts'
import { askOne, type Handler, serve } from '../../protocols/stream.ts'
import { linkTo, newSigner, stayAwake, type TestLink } from '../helpers/streams.ts'

const test = suite('adjacency protocol')
test.after(stayAwake())

const [asker, other, relay] = [newSigner().peer, newSigner().peer, newSigner().peer]
const longest: Link = { peer: other, class: 'relayed', via: relay, gossip: false }

/** A peer that claims to have these connections. */
function peerWith(links: unknown[]) {
  const errors: BakError[] = []
  const handler = async function* () {
    yield { links: links as Link[] }
  }
  return {
    road: linkTo(
      serve(adjacencyProtocol, handler, error => errors.push(error)),
      asker
    ),
    errors
  }
}

const ask = ({ open }: TestLink, protocol = adjacencyProtocol, signal?: AbortSignal) =>
  askOne(open, protocol, {}, { signal: signal ?? AbortSignal.timeout(20_000) })

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'none',
    error => error.code
  )

test('lists each connection with its path, and as many as a peer may have fit into one answer', async () => {
  const direct: Link = { peer: other, class: 'direct', gossip: true }
  assert.equal(await ask(peerWith([direct, longest]).road), { links: [direct, longest] })
  assert.equal(await ask(peerWith([]).road), { links: [] })
  assert.is((await ask(peerWith(Array(MAX_LINKS).fill(longest)).road)).links.length, MAX_LINKS)
})

const wrong: Array<[title: string, links: unknown[]]> = [
  ['more than a peer can have', Array(MAX_LINKS + 1).fill(longest)],
  ['a path of no known kind', [{ ...longest, class: 'wormhole' }]],
  ['what is no peer', [{ ...longest, peer: 'x' }]],
  ['a relay that is no peer', [{ ...longest, via: '"]; evil' }]],
  ['nothing about gossip', [{ ...longest, gossip: undefined }]]
]
for (const [title, links] of wrong) {
  test(`an answer with ${title} is bad-message`, async () =>
    assert.is(await codeOf(ask(peerWith(links).road)), 'bad-message'))
}

test('refuses a request with content', async () => {
  const { road, errors } = peerWith([longest])
  assert.is(await codeOf(askOne(road.open, adjacencyProtocol, { all: true } as never)), 'bad-message')
  assert.equal(
    errors.map(({ code }) => code),
    ['bad-message']
  )
})

/** A peer that never answers. */
function silentPeer(protocol = adjacencyProtocol) {
  const left = Promise.withResolvers<void>()
  const never: Handler<Record<string, never>, { links: Link[] }> = async function* (_, { signal }) {
    await new Promise(resolve => signal.addEventListener('abort', resolve))
    left.resolve()
    yield { links: [] }
  }
  return { road: linkTo(serve(protocol, never), asker), left: left.promise }
}

test('a request to a silent peer ends after the timeout of the protocol', async () => {
  const hasty = { ...adjacencyProtocol, timeout: 50 }
  const { road, left } = silentPeer(hasty)
  assert.is(await codeOf(ask(road, hasty)), 'timeout')
  await left
})

test('the signal of the caller ends the exchange on both sides', async () => {
  const { road, left } = silentPeer()
  const giveUp = new AbortController()
  const asking = codeOf(ask(road, adjacencyProtocol, giveUp.signal))
  setTimeout(() => giveUp.abort(new BakError('cancelled', 'enough')), 20)
  assert.is(await asking, 'cancelled')
  await left
})

test('a stream that breaks is unreachable', async () => {
  const { road } = peerWith([longest])
  road.onAnswer = (_, stream) => void stream.cut()
  assert.is(await codeOf(ask(road)), 'unreachable')
})

test.run()
