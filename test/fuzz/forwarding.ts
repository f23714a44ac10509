/** Requests to forward a stream, and forwarded streams: one frame that names a peer and a protocol, then bytes of the other end. */
import * as fc from 'fast-check'
import { encode } from '../../protocols/codec.ts'
import { forwardedProtocol, forwardProtocol, forwardRequest } from '../../protocols/forward.ts'
import { pair } from '../helpers/streams.ts'
import { changed, concat, prefixed } from './bytes.ts'
import { valuesOf } from './messages.ts'
import { connectionOf } from './streams.ts'
import { type Target, within } from './target.ts'
import { handlerOf } from './world.ts'

export interface ForwardInput {
  request: Uint8Array
  behind: Uint8Array
}

const target = (id: string): Target<ForwardInput> => ({
  name: id,
  refusals: [],
  inputs: () => {
    const request = valuesOf(forwardRequest).map(value => prefixed(encode(value)))
    return fc.record({
      request: fc.oneof(request, changed(request), fc.uint8Array({ maxLength: 300 })),
      behind: fc.uint8Array({ maxLength: 300 })
    })
  },
  feed: async ({ target, member }, { request, behind }) => {
    const [near, far] = await pair()
    const ended = new Promise<void>(resolve => near.addEventListener('close', () => resolve()))
    const over = Promise.resolve(
      handlerOf(target.parts.network, id).handler(far, connectionOf(member.parts.identity.peer))
    )
    const sent = concat(request, behind)
    if (sent.length > 0) near.send(sent)
    await near.close().catch(() => {})
    await within(`${id}: the handler`, over)
    near.abort(new Error('the caller is gone'))
    await within(`${id}: the stream`, ended)
    return ['ok']
  }
})

export const forwardTargets = [target(forwardProtocol), target(forwardedProtocol)]
