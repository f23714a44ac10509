import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkFact, TrustLog } from '../../../node/mesh/trust/trust-log.ts'
import { answerTrustSync, syncTrust, type TrustSyncing } from '../../../node/mesh/trust/trust-sync.ts'
import { seal } from '../../../protocols/envelope.ts'
import { BakError } from '../../../protocols/errors.ts'
import { call, serve } from '../../../protocols/stream.ts'
import { FACTS_PER_FRAME, type Fact, factId, revocationSubject, trustProtocol } from '../../../protocols/trust.ts'
import { newSigner, road, stayAwake } from '../../helpers/streams.ts'
import { founderOf, NOW } from '../../helpers/trust.ts'

const test = suite('swapping what the mesh decided')
test.after(stayAwake())

const founder = founderOf()
const target = newSigner().peer
const factOf = (n: number): Fact => ({
  type: 'revocation',
  sealed: seal(revocationSubject, { mesh: founder.mesh, target, at: NOW + n }, founder)
})

interface Side extends TrustSyncing {
  took: string[]
}

function sideOf(known: Fact[]): Side {
  const facts = new TrustLog()
  const took: string[] = []
  const learn = (fact: Fact) => facts.add(checkFact(founder.mesh, fact), NOW)
  for (const each of known) learn(each)
  return {
    facts,
    took,
    take: (fact, peer) => {
      learn(fact)
      took.push(peer)
    }
  }
}

function roadTo(far: Side, onError: (error: BakError) => void = () => {}) {
  const ended = Promise.withResolvers<void>()
  const handler = serve(
    trustProtocol,
    async function* (first, exchange) {
      try {
        yield* answerTrustSync(first, exchange, far)
      } finally {
        ended.resolve()
      }
    },
    onError
  )
  return Object.assign(road(handler, 'caller'), { ended: ended.promise })
}

async function meet(near: Side, far: Side): Promise<void> {
  const { open, ended } = roadTo(far)
  await syncTrust(open, 'answerer', near)
  await ended
}

const sorted = ({ facts }: Side) => facts.ids().sort()

test('both know what either knew, and only what one had not has travelled', async () => {
  const [a, b, c] = [factOf(1), factOf(2), factOf(3)]
  const [near, far] = [sideOf([a, b]), sideOf([b, c])]
  await meet(near, far)
  assert.is(sorted(near).length, 3)
  assert.equal(sorted(near), sorted(far))
  assert.equal([near.took, far.took], [['answerer'], ['caller']])
})

test('peers that know the same, or nothing, have nothing to say', async () => {
  for (const known of [[], [factOf(1)]]) {
    const [near, far] = [sideOf(known), sideOf(known)]
    await meet(near, far)
    assert.equal([near.took, far.took], [[], []])
  }
})

for (const count of [FACTS_PER_FRAME - 1, FACTS_PER_FRAME, FACTS_PER_FRAME + 1, 2 * FACTS_PER_FRAME]) {
  test(`${count} decisions travel in portions, whichever side knows them`, async () => {
    const all = Array.from({ length: count }, (_, i) => factOf(i))
    for (const [near, far] of [
      [sideOf(all), sideOf([])],
      [sideOf([]), sideOf(all)]
    ] as const) {
      await meet(near, far)
      assert.is(near.facts.ids().length + far.facts.ids().length, 2 * count)
    }
  })
}

test('what is no decision ends the exchange, and is not taken', async () => {
  const { sealed } = factOf(1) as { sealed: { signature: Uint8Array } }
  const forged = { ...factOf(1), sealed: { ...sealed, signature: new Uint8Array(64) } } as Fact
  const far = sideOf([])
  const errors: string[] = []
  const { open, ended } = roadTo(far, error => errors.push(error.code))
  const exchange = await call(open, trustProtocol)
  await exchange.send({ type: 'have', ids: [forged, factOf(2)].map(factId) })
  await exchange.receive()
  await exchange.send({ type: 'give', facts: [forged, factOf(2)] })
  await ended
  await new Promise(setImmediate)
  assert.equal([far.took, errors], [[], ['bad-signature']])
  exchange.abort(new Error('over'))
})

test('what nobody asked for is not looked at, and nothing twice', async () => {
  const far = sideOf([])
  const { open, ended } = roadTo(far)
  const exchange = await call(open, trustProtocol)
  await exchange.send({ type: 'have', ids: [factId(factOf(1))] })
  await exchange.receive()
  await exchange.send({ type: 'give', facts: [factOf(1), factOf(1), factOf(2)] })
  await exchange.close()
  await ended
  assert.equal(far.took, ['caller'])
  assert.equal(far.facts.ids(), [factId(factOf(1))])
})

test('an exchange that breaks leaves both with what they have', async () => {
  const [near, far] = [sideOf([factOf(1)]), sideOf([factOf(2)])]
  const broken = roadTo(far)
  broken.onAnswer = (_, stream) => {
    stream.cut()
    return undefined
  }
  const error = await syncTrust(broken.open, 'answerer', near).then(
    () => undefined,
    error => error as BakError
  )
  assert.ok(error instanceof BakError)
  assert.equal([near.facts.ids().length, far.facts.ids().length], [1, 1])
})

test('a peer that says nothing is given up', async () => {
  const short = { ...trustProtocol, timeout: 50 }
  const handler = serve(short, async function* () {
    await new Promise(resolve => setTimeout(resolve, 500))
  })
  const exchange = await call(road(handler, 'caller').open, short)
  await exchange.send({ type: 'have', ids: [] })
  const error = await exchange.receive().then(
    () => undefined,
    error => error as BakError
  )
  assert.is(error?.code, 'timeout')
  exchange.abort(new Error('over'))
})

test.run()
