/** Requests for chunks: how many at once, and what silence moves. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Link } from '../../node/artifacts/swarm/link.ts'
import { Requests } from '../../node/artifacts/swarm/requests.ts'
import type { SwarmMessage } from '../../protocols/swarm.ts'

const test = suite('requests for chunks')

/** Peers that have so many chunks, and what each was asked for. */
function world(peers: number, chunks: number) {
  const state = { now: 1_000_000 }
  const links = Array.from({ length: peers }, (_, i) => {
    const line = { send: async () => {}, receive: () => new Promise<SwarmMessage>(() => {}), close() {}, abort() {} }
    const nothing = { onMessage() {}, onServe: async () => {}, onGone() {} }
    const link = new Link({ peer: `p${i}`, isOwn: true, line, ...nothing })
    link.note([...new Array(chunks).keys()])
    return link
  })
  const copies = new Uint16Array(chunks).fill(peers)
  const requests = new Requests(new Array(chunks).keys(), { links: () => links, copies, now: () => state.now })
  return { state, links, requests }
}
const asked = (links: Link[]) => links.map(link => [...link.asked.keys()])

test('one peer is asked for eight chunks, many for two each, and all together for sixteen', () => {
  for (const [peers, each, all] of [
    [1, 8, 8],
    [2, 8, 16],
    [4, 4, 16],
    [12, 2, 16]
  ] as const) {
    const { links, requests } = world(peers, 100)
    requests.fill()
    const numbers = asked(links)
    assert.ok(numbers.every(({ length }) => length <= each))
    assert.is(new Set(numbers.flat()).size, all)
    assert.is(numbers.flat().length, all)
  }
})

test('the next is asked for when one has come', () => {
  const { links, requests } = world(1, 100)
  requests.fill()
  const [link] = links as [Link]
  const [first] = link.asked.keys()
  requests.answered(link, first as number)
  requests.got(first as number)
  requests.fill()
  assert.is(link.asked.size, 8)
  assert.not.ok(link.asked.has(first as number))
})

test('what a silent peer was asked for is asked of others, and it is asked for nothing more until it speaks', () => {
  const { state, links, requests } = world(2, 8)
  requests.fill()
  const [silent, other] = links as [Link, Link]
  for (const link of links) link.heard = state.now
  state.now += 9_999
  other.heard = state.now
  requests.look()
  assert.not.ok(silent.isSilent)
  state.now += 1
  requests.look()
  assert.ok(silent.isSilent)
  assert.is(silent.asked.size, 0)
  assert.is(new Set(other.asked.keys()).size, 8)
  Object.assign(silent, { isSilent: false })
  Object.assign(other, { isSilent: true })
  requests.release(other)
  requests.fill()
  assert.ok(silent.asked.size > 0)
})

test('at the end a second peer is asked for what is late', () => {
  const { state, links, requests } = world(2, 2)
  requests.fill()
  const before = asked(links).flat().sort()
  assert.equal(before, [0, 1])
  state.now += 3_001
  requests.fill()
  assert.equal(asked(links).flat().sort(), [0, 0, 1, 1])
})

test('what a peer does not give is asked of another', () => {
  const { links, requests } = world(2, 1)
  requests.fill()
  const link = links.find(each => each.asked.size === 1) as Link
  requests.denied(link, 0)
  requests.fill()
  assert.is(link.asked.size, 0)
  assert.is(links.find(each => each !== link)?.asked.size, 1)
})

test('a peer that owes sixteen chunks is asked for none', () => {
  const { links, requests } = world(1, 100)
  const [link] = links as [Link]
  for (let round = 0; round < 5; round++) {
    requests.fill()
    requests.release(link)
  }
  assert.is(link.owed.size, 16)
})

test.run()
