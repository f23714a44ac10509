/** Connections of their own for one protocol: inputs are what a caller may send on one, exchange after exchange. */
import { duplexPair } from 'node:stream'
import * as fc from 'fast-check'
import type { Protocol } from '../../protocols/stream.ts'
import { Wire } from '../../protocols/wire.ts'
import { concat, frame, unframe } from './bytes.ts'
import { always, codesOf, conversations, type StreamTargetInit } from './streams.ts'
import { type Target, within } from './target.ts'

export interface WireInput {
  /** What is said in each exchange, and the mark of its end behind it. */
  exchanges: Uint8Array[]
  by: 'member' | 'stranger'
}

/** A caller hangs up after so long, ms. */
const PATIENCE = 5
const END = new Uint8Array(4)

export function wireTarget(init: StreamTargetInit): Target<WireInput> {
  const { protocol } = init
  const name = `${protocol.id} on a connection of its own`
  return {
    name,
    refusals: [...always, ...init.refusals],
    inputs: world =>
      fc.record({
        exchanges: fc.array(conversations(world, init), { minLength: 1, maxLength: 3 }),
        by: fc.constantFrom('member', 'stranger')
      }),
    feed: async (world, { exchanges, by }) => {
      const [near, far] = duplexPair()
      const answered: Uint8Array[] = []
      near.on('data', (piece: Uint8Array) => answered.push(piece))
      const { parts } = world.target
      const peer = by === 'member' ? world.member.parts.identity.peer : world.stranger.peer
      const wire = new Wire(far)
      const serving = parts.streams.serveWire(protocol as unknown as Protocol<unknown, unknown>, wire, peer)
      near.write(concat(...exchanges.flatMap(bytes => [bytes, END])))
      setTimeout(() => near.end(), PATIENCE)
      try {
        await within(`${name}: the handler`, serving)
      } finally {
        near.destroy()
        wire.destroy()
      }
      const said = unframe(concat(...answered)).filter(body => body.length > 0)
      return codesOf(protocol, concat(...said.map(frame)))
    }
  }
}
