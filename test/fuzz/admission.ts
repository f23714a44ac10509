/** Hostile input to the exchange of membership proofs, from a peer with the mesh secret. */
import { peerIdFromString } from '@libp2p/peer-id'
import * as fc from 'fast-check'
import { exchangeProofs } from '../../node/mesh/trust/proof-exchange.ts'
import { proofFrame, verdictFrame } from '../../protocols/admission.ts'
import { encode } from '../../protocols/codec.ts'
import { pair } from '../helpers/streams.ts'
import { changed, concat, prefixed, spliced } from './bytes.ts'
import { codeOf } from './files.ts'
import { valuesOf } from './messages.ts'
import { type Target, within } from './target.ts'
import { knownOf } from './values.ts'

export const admissionTarget: Target<Uint8Array> = {
  name: 'admission',
  refusals: ['not-allowed'],
  inputs: world => {
    const known = knownOf(world, [])
    const good = fc
      .tuple(valuesOf(proofFrame, known), valuesOf(verdictFrame, known))
      .map(([first, second]) => concat(prefixed(encode(first)), prefixed(encode(second))))
    const welcome = fc.constant(
      concat(
        prefixed(encode({ proof: world.member.parts.authority.ownProofBytes, at: Date.now() })),
        prefixed(encode({}))
      )
    )
    return fc.oneof(
      { weight: 3, arbitrary: good },
      { weight: 3, arbitrary: changed(good) },
      { weight: 3, arbitrary: changed(welcome) },
      { weight: 1, arbitrary: spliced(fc.oneof(good, welcome)) },
      { weight: 1, arbitrary: welcome },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 256 }) }
    )
  },
  feed: async ({ target, member }, bytes) => {
    const [near, far] = await pair()
    near.addEventListener('message', () => {})
    const { authority, identity } = { authority: target.parts.authority, identity: member.parts.identity }
    const secured = { connection: far, remotePeer: peerIdFromString(identity.peer) }
    const exchange = codeOf(() => exchangeProofs(secured as never, 1, authority))
    if (bytes.length > 0) near.send(bytes)
    near.close().catch(() => {})
    return [
      await within('the exchange of proofs', exchange).finally(() => {
        for (const stream of [near, far]) stream.abort(new Error('over'))
      })
    ]
  }
}
