/** Protocols on streams: inputs are what a caller may send, whole conversations and what is almost one. */
import type { Connection, Stream, StreamHandler } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import * as fc from 'fast-check'
import * as v from 'valibot'
import { decode, encode } from '../../protocols/codec.ts'
import type { Subject } from '../../protocols/envelope.ts'
import type { ErrorCode } from '../../protocols/errors.ts'
import { code, text } from '../../protocols/fields.ts'
import { type Protocol, serve } from '../../protocols/stream.ts'
import { pair } from '../helpers/streams.ts'
import { changed, concat, frame, spliced, unframe } from './bytes.ts'
import { valuesOf } from './messages.ts'
import { type Target, within } from './target.ts'
import { knownOf } from './values.ts'
import { handlerOf, type World } from './world.ts'

export interface StreamInput {
  bytes: Uint8Array
  /** Where the bytes are cut into pieces, each a fraction of them. */
  cuts: number[]
  /** Whether the caller goes in order. */
  end: 'close' | 'abort'
  by: 'member' | 'stranger'
}

export interface StreamTargetInit {
  protocol: Protocol<never, unknown>
  refusals: ErrorCode[]
  /** What may stand in the envelopes of its messages. */
  subjects?: Subject<any>[]
  /** Runs that may be named; both where it is not given. */
  runs?(world: World): string[]
  /** The answer may go on for as long as the caller listens. */
  endless?: boolean
}

/** How long a caller listens to an answer without end, ms. */
const PATIENCE = 20
/** What any protocol answers to what is no message, or only half of one. */
export const always: ErrorCode[] = ['bad-message', 'unreachable']

export function streamTarget(init: StreamTargetInit): Target<StreamInput> {
  const { protocol } = init
  return {
    name: protocol.id,
    refusals: [...always, ...init.refusals],
    inputs: world =>
      fc.record({
        bytes: conversations(world, init),
        cuts: fc.array(fc.nat(99), { maxLength: 3 }),
        end: fc.oneof(
          { weight: 9, arbitrary: fc.constant('close' as const) },
          { weight: 1, arbitrary: fc.constant('abort' as const) }
        ),
        by: fc.oneof(
          { weight: 9, arbitrary: fc.constant('member' as const) },
          { weight: 1, arbitrary: fc.constant('stranger' as const) }
        )
      }),
    feed: (world, input) => converse(world, init, input)
  }
}

/** What a caller may say, and what is almost that. */
export function conversations(
  world: World,
  { protocol, subjects = [], runs }: StreamTargetInit
): fc.Arbitrary<Uint8Array> {
  const known = knownOf(world, subjects, runs?.(world))
  const message = valuesOf(protocol.request, known).map(encode)
  const valid = fc.array(message, { minLength: 1, maxLength: 4 }).map(all => concat(...all.map(frame)))
  const said = world.said.get(protocol.id) ?? []
  const recorded = said.length === 0 ? valid : fc.constantFrom(...said)
  const junk = fc.oneof(fc.uint8Array({ maxLength: 64 }), fc.jsonValue().map(encode)).map(frame)
  return fc.oneof(
    { weight: 6, arbitrary: valid },
    { weight: 4, arbitrary: changed(recorded) },
    { weight: 3, arbitrary: changed(valid) },
    { weight: 2, arbitrary: spliced(fc.oneof(recorded, valid)) },
    { weight: 1, arbitrary: recorded },
    { weight: 1, arbitrary: fc.tuple(valid, junk).map(parts => concat(...parts)) },
    { weight: 1, arbitrary: junk },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 256 }) }
  )
}

async function converse(world: World, init: StreamTargetInit, input: StreamInput): Promise<string[]> {
  const { id } = init.protocol
  const [near, far] = await pair()
  const answered: Uint8Array[] = []
  near.addEventListener('message', ({ data }) => answered.push(data.subarray()))
  const ended = new Promise<void>(resolve => near.addEventListener('close', () => resolve()))
  const peer = input.by === 'member' ? world.member.parts.identity.peer : world.stranger.peer
  const over = Promise.resolve(doorOf(world, init.protocol)(far, connectionOf(peer)))
  await send(near, input)
  if (init.endless) await Promise.race([over, new Promise(resolve => setTimeout(resolve, PATIENCE))])
  if (init.endless || input.end === 'abort') near.abort(new Error('the caller has heard enough'))
  await within(`${id}: the handler`, over)
  await within(`${id}: the stream`, ended)
  return codesOf(init.protocol, concat(...answered))
}

/** What stands behind the protocol; its schema alone where the daemon does not serve it. */
function doorOf({ target }: World, protocol: Protocol<never, unknown>): StreamHandler {
  const { network } = target.parts
  if (network.getProtocols().includes(protocol.id)) return handlerOf(network, protocol.id).handler
  return serve(protocol, async function* () {})
}

async function send(stream: Stream, { bytes, cuts }: StreamInput): Promise<void> {
  const at = [...new Set(cuts.map(cut => Math.floor((cut / 100) * bytes.length)))].sort((a, b) => a - b)
  try {
    for (const [i, to] of [...at, bytes.length].entries()) {
      const from = i === 0 ? 0 : (at[i - 1] as number)
      if (to === from) continue
      stream.send(bytes.subarray(from, to))
      if (i % 2 === 1) await new Promise(setImmediate)
    }
    await stream.close()
  } catch {
    // the other side has refused already
  }
}

const failure = v.object({ error: v.object({ code, message: text }) })

/** @throws if an answer is neither of the protocol nor a refusal */
export function codesOf(protocol: Protocol<never, unknown>, bytes: Uint8Array): string[] {
  const answer = v.union([v.object({ ok: protocol.response }), failure])
  return unframe(bytes).map(body => {
    const read = decode(answer, body)
    return 'error' in read ? read.error.code : 'ok'
  })
}

/** As much of a connection as a handler may ask of it. */
export function connectionOf(peer: string): Connection {
  const remotePeer = peerIdFromString(peer)
  return { remotePeer, status: 'open', direction: 'inbound', streams: [] } as unknown as Connection
}
