/** Handshakes in memory, through the encrypters that libp2p is given. */
import { multiaddrConnectionPair } from '@libp2p/utils'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Refusing } from '../../../node/mesh/libp2p/encrypter.ts'
import { type MeshSecret, newSecret } from '../../../node/mesh/trust/mesh-secret.ts'
import type { Admission } from '../../../node/mesh/trust/proof-exchange.ts'
import type { BakError } from '../../../protocols/errors.ts'
import { admitsAll, type Side, shakeHands, sideOf } from '../../helpers/encrypters.ts'
import { stayAwake } from '../../helpers/streams.ts'

const test = suite('the secret of a mesh')
const sleepAgain = stayAwake()
test.after(sleepAgain)

/** Both ends of one handshake: the peer that each found, or its error. */
async function shake(dialler: Side, listener: Side, { peer: expected } = listener): Promise<Array<string | BakError>> {
  const [near, far] = multiaddrConnectionPair()
  const ends = await shakeHands([dialler, near], [listener, far], { expected })
  return ends.map(end => (end instanceof Error ? (end as BakError) : end.remotePeer.toString()))
}

const secret = newSecret()

test('two peers that hold the same secret find each other', async () => {
  const [a, b] = [sideOf('mesh', secret), sideOf('mesh', { ...secret })]
  assert.equal(await shake(a, b), [b.peer, a.peer])
  assert.equal([...a.refusals, ...b.refusals], [])
})

const strangers: Array<[title: string, mesh: string, secret: MeshSecret]> = [
  ['another secret', 'mesh', newSecret()],
  [
    'a secret that differs in one bit',
    'mesh',
    { ...secret, value: secret.value.with(31, (secret.value[31] as number) ^ 1) }
  ],
  ['the same secret under another generation', 'mesh', { ...secret, generation: 2 }],
  ['the same secret of another mesh', 'hsem', secret]
]
for (const [title, mesh, other] of strangers) {
  for (const dials of ['the stranger', 'the member']) {
    test(`a peer with ${title} is refused where ${dials} dials, and both sides say why`, async () => {
      const [member, stranger] = [sideOf('mesh', secret), sideOf(mesh, other)]
      const [dialler, listener] = dials === 'the member' ? [member, stranger] : [stranger, member]
      const [out, inbound] = await shake(dialler, listener)
      assert.is((out as BakError).code, 'not-allowed')
      assert.match((out as BakError).message, 'does not hold the same mesh secret')
      assert.is((inbound as BakError).code, 'not-allowed')
      assert.match((inbound as BakError).message, 'does not hold the secret of this mesh')
      assert.equal(
        dialler.refusals.map(each => each.direction),
        ['outbound']
      )
      assert.equal(
        listener.refusals.map(each => each.direction),
        ['inbound']
      )
      assert.is(dialler.refusals[0]?.code, 'wrong-secret')
      assert.is(listener.refusals[0]?.code, 'gone')
      assert.is(dialler.refusals[0]?.reason, (out as BakError).message)
      assert.match(dialler.refusals[0]?.address ?? '', /^\/ip4\//)
    })
  }
}

test('another peer than the one that was dialled is refused, though it holds the secret', async () => {
  const [a, b, c] = [sideOf('mesh', secret), sideOf('mesh', secret), sideOf('mesh', secret)]
  const [out] = await shake(a, b, c)
  assert.is((out as BakError).code, 'not-allowed')
  assert.match((out as BakError).message, 'another peer answers at this address')
  assert.is(a.refusals.length, 1)
})

test('a peer that is not let in is told why, and both sides report the same reason, with who and where', async () => {
  const refusal = { code: 'expired' as const, reason: 'it ran out yesterday' }
  const closed: Admission = { ownProofBytes: undefined, judge: () => refusal }
  for (const strict of ['dialler', 'listener']) {
    const dialler = sideOf('mesh', secret, strict === 'dialler' ? closed : admitsAll)
    const listener = sideOf('mesh', secret, strict === 'listener' ? closed : admitsAll)
    const errors = (await shake(dialler, listener)) as BakError[]
    for (const error of errors) assert.equal([error.code, error.message], ['not-allowed', refusal.reason])
    for (const [side, other, direction] of [
      [dialler, listener, 'outbound'],
      [listener, dialler, 'inbound']
    ] as const) {
      assert.is(side.refusals.length, 1)
      const [{ address, ...said }] = side.refusals as [Refusing]
      assert.match(address, /^\/ip4\//)
      assert.equal(said, {
        ...refusal,
        direction,
        peer: other.peer,
        by: side === (strict === 'dialler' ? dialler : listener) ? 'us' : 'them'
      })
    }
  }
})

test('a peer that hangs up in the middle is refused with a reason', async () => {
  const a = sideOf('mesh', secret)
  const [near, far] = multiaddrConnectionPair()
  const listening = a.encrypter.secureInbound(far, { signal: AbortSignal.timeout(20_000) })
  near.send(Buffer.from('hello?'))
  near.abort(new Error('gone'))
  const error = await listening.then(
    () => undefined,
    error => error as BakError
  )
  assert.is(error?.code, 'not-allowed')
  assert.is(a.refusals.length, 1)
})

test('a peer that says nothing is given up, with a reason', async () => {
  const a = sideOf('mesh', secret)
  const [, far] = multiaddrConnectionPair()
  const error = await a.encrypter.secureInbound(far, { signal: AbortSignal.timeout(50) }).then(
    () => undefined,
    error => error as BakError
  )
  assert.is(error?.code, 'not-allowed')
  assert.is(a.refusals[0]?.reason, 'the handshake took too long')
})

test('the number of the generation is in the name of the encrypter, so that two can stand side by side', () => {
  assert.is(sideOf('mesh', { ...secret, generation: 7 }).encrypter.protocol, '/bak/noise/7')
  assert.is(sideOf('mesh', secret).encrypter.protocol, '/bak/noise/1')
})

test('a new secret is 32 bytes that nobody can know', () => {
  const all = Array.from({ length: 100 }, () => newSecret())
  for (const { value, generation } of all) assert.equal([value.length, generation], [32, 1])
  assert.is(new Set(all.map(({ value }) => Buffer.from(value).toString('hex'))).size, 100)
})

test.run()
