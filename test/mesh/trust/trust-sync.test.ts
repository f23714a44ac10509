import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkTrustEntry, TrustLog } from '../../../node/mesh/trust/trust-log.ts'
import { answerTrustSync, syncTrust, type TrustSyncing } from '../../../node/mesh/trust/trust-sync.ts'
import { seal } from '../../../protocols/envelope.ts'
import { BakError } from '../../../protocols/errors.ts'
import { call, serve } from '../../../protocols/stream.ts'
import {
  ENTRIES_PER_FRAME,
  revocationSubject,
  type TrustEntry,
  trustEntryId,
  trustProtocol
} from '../../../protocols/trust-entries.ts'
import { linkTo, newSigner, stayAwake } from '../../helpers/streams.ts'
import { founderOf, NOW } from '../../helpers/trust.ts'

const test = suite('a sync of trust entries')
test.after(stayAwake())

const founder = founderOf()
const target = newSigner().peer
const entryOf = (n: number): TrustEntry => ({
  type: 'revocation',
  sealed: seal(revocationSubject, { mesh: founder.mesh, target, at: NOW + n }, founder)
})

interface Side extends TrustSyncing {
  took: string[]
}

function sideOf(known: TrustEntry[]): Side {
  const log = new TrustLog()
  const took: string[] = []
  const learn = (entry: TrustEntry) => log.add(checkTrustEntry(founder.mesh, entry), NOW)
  for (const each of known) learn(each)
  return {
    log,
    took,
    add: (entry, peer) => {
      learn(entry)
      took.push(peer)
    }
  }
}

function openerTo(far: Side, onError: (error: BakError) => void = () => {}) {
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
  return Object.assign(linkTo(handler, 'caller'), { ended: ended.promise })
}

async function meet(near: Side, far: Side): Promise<void> {
  const { open, ended } = openerTo(far)
  await syncTrust(open, 'answerer', near)
  await ended
}

const sorted = ({ log }: Side) => log.ids().sort()

test('gives both sides all entries, and sends only those that one side lacked', async () => {
  const [a, b, c] = [entryOf(1), entryOf(2), entryOf(3)]
  const [near, far] = [sideOf([a, b]), sideOf([b, c])]
  await meet(near, far)
  assert.is(sorted(near).length, 3)
  assert.equal(sorted(near), sorted(far))
  assert.equal([near.took, far.took], [['answerer'], ['caller']])
})

test('sends no entries between peers that know the same ones, or none', async () => {
  for (const known of [[], [entryOf(1)]]) {
    const [near, far] = [sideOf(known), sideOf(known)]
    await meet(near, far)
    assert.equal([near.took, far.took], [[], []])
  }
})

for (const count of [ENTRIES_PER_FRAME - 1, ENTRIES_PER_FRAME, ENTRIES_PER_FRAME + 1, 2 * ENTRIES_PER_FRAME]) {
  test(`${count} decisions are sent in portions, whichever side knows them`, async () => {
    const all = Array.from({ length: count }, (_, i) => entryOf(i))
    for (const [near, far] of [
      [sideOf(all), sideOf([])],
      [sideOf([]), sideOf(all)]
    ] as const) {
      await meet(near, far)
      assert.is(near.log.ids().length + far.log.ids().length, 2 * count)
    }
  })
}

test('an invalid entry ends the exchange, and is not added', async () => {
  const { sealed } = entryOf(1) as { sealed: { signature: Uint8Array } }
  const forged = { ...entryOf(1), sealed: { ...sealed, signature: new Uint8Array(64) } } as TrustEntry
  const far = sideOf([])
  const errors: string[] = []
  const { open, ended } = openerTo(far, error => errors.push(error.code))
  const exchange = await call(open, trustProtocol)
  await exchange.send({ type: 'have', ids: [forged, entryOf(2)].map(trustEntryId) })
  await exchange.receive()
  await exchange.send({ type: 'give', entries: [forged, entryOf(2)] })
  await ended
  await new Promise(setImmediate)
  assert.equal([far.took, errors], [[], ['bad-signature']])
  exchange.abort(new Error('over'))
})

test('entries that were not asked for are ignored, and repeated ones are added once', async () => {
  const far = sideOf([])
  const { open, ended } = openerTo(far)
  const exchange = await call(open, trustProtocol)
  await exchange.send({ type: 'have', ids: [trustEntryId(entryOf(1))] })
  await exchange.receive()
  await exchange.send({ type: 'give', entries: [entryOf(1), entryOf(1), entryOf(2)] })
  await exchange.close()
  await ended
  assert.equal(far.took, ['caller'])
  assert.equal(far.log.ids(), [trustEntryId(entryOf(1))])
})

test('an exchange that breaks leaves both sides with the entries that they have', async () => {
  const [near, far] = [sideOf([entryOf(1)]), sideOf([entryOf(2)])]
  const broken = openerTo(far)
  broken.onAnswer = (_, stream) => {
    stream.cut()
    return undefined
  }
  const error = await syncTrust(broken.open, 'answerer', near).then(
    () => undefined,
    error => error as BakError
  )
  assert.ok(error instanceof BakError)
  assert.equal([near.log.ids().length, far.log.ids().length], [1, 1])
})

test('a silent peer is given up', async () => {
  const short = { ...trustProtocol, timeout: 50 }
  const handler = serve(short, async function* () {
    await new Promise(resolve => setTimeout(resolve, 500))
  })
  const exchange = await call(linkTo(handler, 'caller').open, short)
  await exchange.send({ type: 'have', ids: [] })
  const error = await exchange.receive().then(
    () => undefined,
    error => error as BakError
  )
  assert.is(error?.code, 'timeout')
  exchange.abort(new Error('over'))
})

test.run()
