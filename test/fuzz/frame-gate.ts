/** What a stranger may send on a socket before it is known: frames of Noise, cut anywhere, and what follows them. */
import { EventEmitter } from 'node:events'
import * as fc from 'fast-check'
import { FrameGate } from '../../node/mesh/libp2p/frame-gate.ts'
import { FRAMES_BEFORE_TURN } from '../../node/mesh/libp2p/native.ts'
import { concat } from './bytes.ts'
import type { Target } from './target.ts'

export interface GateInput {
  frames: Uint8Array[]
  behind: Uint8Array
  /** Lengths of the pieces that the network makes of it. */
  cuts: number[]
}

export const gateTarget: Target<GateInput> = {
  name: 'frames before the turn',
  refusals: [],
  inputs: () =>
    fc.record({
      frames: fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 }),
      behind: fc.uint8Array({ maxLength: 300 }),
      cuts: fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 12 })
    }),
  feed: async (_world, { frames, behind, cuts }) => {
    const sent = concat(
      ...frames.flatMap(frame => [Uint8Array.of(frame.length >> 8, frame.length & 0xff), frame]),
      behind
    )
    const passed: Uint8Array[] = []
    const left: Uint8Array[] = []
    const socket = Object.assign(new EventEmitter(), {
      pause: () => {},
      unshift: (bytes: Uint8Array) => left.push(bytes)
    })
    const owner = { socket, readBufferLength: 0, onData: (bytes: Uint8Array) => passed.push(bytes) }
    new FrameGate(owner as never, FRAMES_BEFORE_TURN.inbound)
    let at = 0
    for (const length of [...cuts, sent.length]) {
      const piece = Buffer.from(sent.subarray(at, at + length))
      at += piece.length
      if (piece.length === 0) continue
      // a socket whose gate is closed keeps what comes
      if (socket.listenerCount('data') > 0) socket.emit('data', piece)
      else left.push(piece)
    }
    check(sent, passed, left)
    return ['ok']
  }
}

/** @throws unless whole frames were passed, at most as many as may be, and what is left follows them */
function check(sent: Uint8Array, passed: Uint8Array[], left: Uint8Array[]): void {
  const ours = concat(...passed)
  if (passed.length > FRAMES_BEFORE_TURN.inbound) throw new Error(`${passed.length} frames were passed`)
  for (const frame of passed) {
    if (frame.length !== 2 + ((frame[0] as number) << 8) + (frame[1] as number))
      throw new Error('a part of a frame was passed')
  }
  if (Buffer.compare(ours, sent.subarray(0, ours.length)) !== 0) throw new Error('other bytes were passed than came')
  if (passed.length < FRAMES_BEFORE_TURN.inbound) return
  if (Buffer.compare(concat(...left), sent.subarray(ours.length)) !== 0)
    throw new Error('bytes behind the frames were lost')
}
