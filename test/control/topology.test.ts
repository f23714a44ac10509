import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { draw, topology } from '../../node/control/topology.ts'
import type { Parts } from '../../node/parts.ts'
import { adjacencyProtocol, type Link } from '../../protocols/adjacency.ts'
import type { MemberView } from '../../protocols/control.ts'
import { BakError } from '../../protocols/errors.ts'
import { serve } from '../../protocols/stream.ts'
import { linkTo, newSigner, stayAwake } from '../helpers/streams.ts'

const test = suite('the topology of a mesh')
test.after(stayAwake())

const ids = Object.fromEntries(['self', 'b', 'c', 'gone', 'unknown'].map(name => [name, newSigner().peer]))
const id = (name: string) => ids[name] as string
const direct = (name: string): Link => ({ peer: id(name), class: 'direct', gossip: true })
const view = (name: string, more: Partial<MemberView> = {}) =>
  ({ peer: id(name), shown: name, state: 'alive', path: name === 'self' ? 'self' : 'direct', ...more }) as MemberView

/** The parts of a peer whose own list grows as it asks, while others answer, or not. */
function partsOf(members: MemberView[], own: Link[][], answers: Record<string, Link[] | BakError>) {
  const asked = { now: 0, most: 0, whom: [] as string[] }
  const to = (peer: string) => {
    const answer = answers[peer] ?? []
    asked.whom.push(peer)
    const handler = async function* () {
      asked.most = Math.max(asked.most, ++asked.now)
      await new Promise(setImmediate)
      asked.now--
      if (answer instanceof BakError) throw answer
      yield { links: answer }
    }
    return linkTo(serve(adjacencyProtocol, handler), id('self')).open
  }
  const parts = {
    identity: { peer: id('self') },
    members: { list: () => members },
    adjacency: { list: () => (own.length > 1 ? own.shift() : own[0]) },
    streams: { to }
  }
  return { parts: parts as unknown as Parts, asked }
}

async function show(...given: Parameters<typeof partsOf>) {
  const { parts, asked } = partsOf(...given)
  const [answer] = await Array.fromAsync(topology(parts, {}, { signal: new AbortController().signal }))
  if (answer == null) throw new Error('there is no answer')
  return { answer, asked }
}

test('every present member is asked, and pairs are reported by both, by one, and by the asking peer', async () => {
  const members = [view('self'), view('b'), view('c', { path: 'indirect' }), view('gone', { state: 'lost' })]
  const before = [direct('b')]
  const { answer, asked } = await show(members, [before, [...before, direct('c')]], {
    [id('b')]: [direct('self'), direct('c'), direct('unknown')],
    [id('c')]: [direct('self'), direct('b'), { ...direct('gone'), class: 'relayed', via: id('b') }]
  })
  assert.equal(new Set(asked.whom), new Set([id('b'), id('c')]))
  const links = new Map(answer.links.map(each => [[each.a.name, each.b.name].sort().join(' '), each]))
  assert.equal([...links.keys()].sort(), ['b c', 'b self', `${id('unknown')} b`, 'c gone', 'c self'].sort())
  for (const [pair, sides, opened] of [
    ['b self', 2, false],
    ['c self', 2, true],
    ['b c', 2, false],
    ['c gone', 1, false]
  ] as const) {
    assert.is(links.get(pair)?.said.length, sides, pair)
    assert.is(links.get(pair)?.opened, opened, pair)
  }
  assert.equal(links.get('c gone')?.via, { peer: id('b'), name: 'b' })
  assert.equal(
    answer.members.slice(0, 3).map(({ name }) => name),
    ['self', 'b', 'c']
  )
  assert.is(answer.members.length, 5)
  assert.is(answer.members.find(({ name }) => name === 'gone')?.state, 'lost')
  assert.is(answer.members.find(({ peer }) => peer === id('unknown'))?.state, undefined)
})

test('a member without an answer is listed with the reason, and with the connections that others report', async () => {
  const { answer } = await show([view('self'), view('b'), view('c')], [[direct('b'), direct('c')]], {
    [id('b')]: [direct('self')],
    [id('c')]: new BakError('busy', 'not now')
  })
  assert.equal(
    answer.members.map(({ name, error }) => [name, error]),
    [
      ['self', undefined],
      ['b', undefined],
      ['c', 'not now']
    ]
  )
  assert.equal(answer.links.map(({ said }) => said.length).sort(), [1, 2])
})

test('a member that is lost while it is asked is listed, too', () => {
  const known = [view('self'), view('gone', { state: 'lost' })]
  const { members } = draw(known, new Map(), new Map([[id('gone'), 'it is gone']]), {
    peer: id('self'),
    before: new Set()
  })
  assert.equal(
    members.map(({ name, state, error }) => [name, state, error]),
    [
      ['self', 'alive', undefined],
      ['gone', 'lost', 'it is gone']
    ]
  )
})

test('a lone peer lists itself', async () => {
  const { answer } = await show([view('self')], [[]], {})
  assert.equal([answer.members.length, answer.links.length], [1, 0])
})

test('a bounded number of members is asked at the same time', async () => {
  const many = Array.from({ length: 100 }, (_, i) => ({ ...view('b'), peer: newSigner().peer, shown: `n${i}` }))
  const { answer, asked } = await show([view('self'), ...many], [[]], {})
  assert.is(asked.whom.length, 100)
  assert.ok(asked.most <= 32, `${asked.most} at once`)
  assert.not(answer.members.some(({ error }) => error != null))
})

test('an aborted call gets no answer', async () => {
  const { parts } = partsOf([view('self'), view('b')], [[]], {})
  const signal = AbortSignal.abort(new BakError('interrupted', 'the caller is gone'))
  assert.equal(await Array.fromAsync(topology(parts, {}, { signal })), [])
})

test.run()
