/** Two daemons with one key: what convinces each of them, and that nothing else does. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Twins, type TwinsComponents } from '../../../node/mesh/membership/twins.ts'
import { type Envelope, type Signer, seal } from '../../../protocols/envelope.ts'
import type { BakError } from '../../../protocols/errors.ts'
import { lifeSubject, type TwinRequest, type TwinResponse } from '../../../protocols/twin.ts'
import { silent } from '../../helpers/networks.ts'
import { newSigner } from '../../helpers/streams.ts'

const twins = suite('twins')
const address = '/ip4/192.0.2.7/tcp/4001'

/** A daemon without a network. */
async function daemonWith(signer: Signer) {
  let serve: (request: TwinRequest) => AsyncGenerator<TwinResponse> = async function* () {}
  const changes: object[] = []
  const components = {
    events: new EventTarget(),
    connectionManager: { getConnections: () => [] },
    streams: {
      serve: async (_: unknown, handler: typeof serve) => {
        serve = handler
      }
    },
    members: { self: {}, update: (change: object) => changes.push(change) }
  } as unknown as TwinsComponents
  const made = new Twins(components, { log: silent, signer })
  await made.start()
  const ask = async (request: TwinRequest): Promise<TwinResponse> => (await serve(request).next()).value
  return { made, ask, changes }
}

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    error => (error as BakError).code
  )

twins('two daemons with one key that sign the challenges of each other know it, and announce it', async () => {
  const signer = newSigner()
  const [one, other] = [await daemonWith(signer), await daemonWith(signer)]
  for (const [to, from] of [
    [one, other],
    [other, one]
  ] as const) {
    const { challenge } = await to.ask({})
    const { proof } = await from.ask({ challenge })
    await to.ask({ twin: { proof: proof as Envelope, address } })
    assert.match(to.made.trouble ?? '', `another daemon, seen at ${address}, has the key of this peer`)
    assert.equal(to.changes, [{ twin: true }])
  }
})

twins('no peer can pretend a twin', async () => {
  const signer = newSigner()
  const [one, other] = [await daemonWith(signer), await daemonWith(signer)]
  const proofOf = async (from: typeof one, challenge: Uint8Array) => (await from.ask({ challenge })).proof as Envelope
  const { challenge, life } = await one.ask({})
  const old = await proofOf(other, new Uint8Array(16))
  const own = await proofOf(one, challenge)
  const foreign = seal(lifeSubject, { life: new Uint8Array(16), challenge }, newSigner())
  const forged = { ...seal(lifeSubject, { life: new Uint8Array(16), challenge }, newSigner()), by: signer.peer }
  for (const proof of [old, own, foreign, forged]) {
    assert.is(await codeOf(one.ask({ twin: { proof, address } })), 'bad-signature')
  }
  assert.equal([one.made.trouble, one.changes], [undefined, []])
  // a good proof counts once
  const { challenge: next } = await one.ask({})
  const proof = await proofOf(other, next)
  assert.equal((await one.ask({ twin: { proof, address } })).life, life)
  assert.is(await codeOf(one.ask({ twin: { proof, address } })), 'bad-signature')
})

twins.run()
