import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createLog } from '../../../node/log.ts'
import { Authority } from '../../../node/mesh/trust/authority.ts'
import { newSecret } from '../../../node/mesh/trust/mesh-secret.ts'
import { adminsOf, dueAt, Renewal } from '../../../node/mesh/trust/renewal.ts'
import type { Signer } from '../../../protocols/envelope.ts'
import { checkProof, type Proof } from '../../../protocols/proof.ts'
import { type Handler, type Opener, serve } from '../../../protocols/stream.ts'
import { renewProtocol } from '../../../protocols/trust-entries.ts'
import { linkTo, newSigner, stayAwake } from '../../helpers/streams.ts'
import { founderOf, HOUR, issuerOf, membershipOf, proofOf } from '../../helpers/trust.ts'
import { until } from '../../helpers/workspace.ts'

const test = suite('renewing a proof')
test.after(stayAwake())

const founder = founderOf()
const { mesh } = founder
const log: string[] = []
const now = Date.now()

interface Side {
  authority: Authority
  renewal: Renewal
  saved: Uint8Array[]
  /** As if a peer had just connected. */
  meet(): void
}

/** A peer that reaches the others by name; what it serves they reach. */
function sideOf(
  signer: Signer,
  proof: Proof | undefined,
  others: Map<string, Opener>,
  lifetime = 30 * 24 * HOUR
): Side {
  const authority = new Authority({
    ...{ mesh, signer, log: createLog('info', line => log.push(line)), secrets: [newSecret()] },
    proof: proof?.bytes
  })
  const saved: Uint8Array[] = []
  const events = new EventTarget()
  const streams = {
    to: (peer: string) => others.get(peer) as Opener,
    serve: async (_: unknown, handler: Handler<Record<string, never>, { proof: Uint8Array }>) => {
      served = handler
    }
  }
  let served: Handler<Record<string, never>, { proof: Uint8Array }> = async function* () {}
  const renewal = new Renewal({ authority, streams, events } as never, {
    ...{ log: createLog('info', line => log.push(line)), lifetime, self: signer.peer },
    isHere: peer => others.has(peer),
    save: async bytes => void saved.push(bytes)
  })
  others.set(signer.peer, (...args) => {
    const asker = [...others.keys()].find(each => each !== signer.peer) as string
    return linkTo(
      serve(renewProtocol, (request, exchange) => served(request, exchange)),
      asker
    ).open(...args)
  })
  return { authority, renewal, saved, meet: () => void events.dispatchEvent(new CustomEvent('peer:identify')) }
}

async function renewed(held: Proof, signer: Signer, lifetime?: number): Promise<{ asker: Side; giver: Side }> {
  const others = new Map<string, Opener>()
  const asker = sideOf(signer, held, others)
  const giver = sideOf(founder, undefined, others, lifetime)
  giver.authority.learn(held)
  await giver.renewal.afterStart()
  await asker.renewal.afterStart()
  await until(() => asker.saved[0])
  for (const each of [asker, giver]) await each.renewal.beforeStop()
  return { asker, giver }
}

test('a peer with an invitation gets a membership as soon as an admin is present, and stores it', async () => {
  const signer = newSigner()
  const held = proofOf(founder, signer.peer, { role: 'agent', uses: 1 }, now)
  const { asker, giver } = await renewed(held, signer)
  const proof = checkProof(mesh, asker.saved[0] as Uint8Array)
  assert.equal([proof.role, proof.invitation, proof.invited], ['agent', held.invitation, undefined])
  assert.ok(proof.expires > now + 29 * 24 * HOUR)
  assert.equal(asker.authority.ownProofBytes, asker.saved[0])
  assert.is(giver.authority.proofRegistry.proof(signer.peer)?.expires, proof.expires)
  assert.is(asker.saved.length, 1)
})

test('a membership is renewed at half of its lifetime', async () => {
  const signer = newSigner()
  const held = proofOf(founder, signer.peer, {}, now)
  const half = membershipOf(founder, held, 1_000, now - HOUR)
  assert.is(dueAt(held), 0)
  assert.is(dueAt(half), half.issued + (half.expires - half.issued) / 2)
  const others = new Map<string, Opener>()
  const fresh = sideOf(signer, membershipOf(founder, held, 10 * HOUR, now), others)
  sideOf(founder, undefined, others)
  await fresh.renewal.afterStart()
  fresh.meet()
  await new Promise(resolve => setTimeout(resolve, 400))
  await fresh.renewal.beforeStop()
  assert.equal(fresh.saved, [])
})

test('without an admin it retries, warns when the proof runs out soon, and tries at once when a peer connects', async () => {
  const signer = newSigner()
  const short = proofOf(founder, signer.peer, { ttl: 4_000 }, now - 3_000 + (Date.now() - now))
  const others = new Map<string, Opener>()
  const asker = sideOf(signer, short, others)
  await asker.renewal.afterStart()
  await until(() => asker.renewal.warning)
  assert.match(asker.renewal.warning ?? '', 'no admin could be reached')
  const giver = sideOf(founder, undefined, others)
  giver.authority.learn(short)
  await giver.renewal.afterStart()
  asker.meet()
  await until(() => asker.saved[0])
  await until(() => (asker.renewal.warning === undefined ? true : undefined))
  for (const each of [asker, giver]) await each.renewal.beforeStop()
})

test('an admin renews no peer that is not admitted, and a peer that is no admin renews none', async () => {
  const signer = newSigner()
  const held = proofOf(founder, signer.peer, {}, now)
  for (const known of [true, false]) {
    const others = new Map<string, Opener>()
    const asker = sideOf(signer, held, others)
    const other = newSigner()
    const giver = known
      ? sideOf(other, proofOf(founder, other.peer, { role: 'controller' }, now), others)
      : sideOf(founder, undefined, others)
    // the asker takes the other for an admin; or the founder does not know the asker
    if (known) asker.authority.learn(proofOf(founder, other.peer, { role: 'admin' }, now))
    await giver.renewal.afterStart()
    await asker.renewal.afterStart()
    await new Promise(resolve => setTimeout(resolve, 500))
    for (const each of [asker, giver]) await each.renewal.beforeStop()
    assert.equal(asker.saved, [])
  }
})

test('the founder is asked first, then admins by length of their chain, never other peers', () => {
  const self = newSigner()
  const { authority } = sideOf(self, proofOf(founder, self.peer, {}, now), new Map())
  const [near, far, agent] = [newSigner(), newSigner(), newSigner()]
  const nearProof = proofOf(founder, near.peer, { role: 'admin' }, now)
  authority.learn(proofOf(issuerOf(mesh, near, nearProof), far.peer, { role: 'admin' }, now))
  authority.learn(nearProof)
  authority.learn(proofOf(founder, agent.peer, { role: 'agent' }, now))
  assert.equal(adminsOf(authority, self.peer), [mesh, near.peer, far.peer])
})

test.run()
