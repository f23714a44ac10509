/** Finds out within seconds that a peer has fallen silent: where many depend on one connection, libp2p's own look is too rare. */
import type { Connection } from '@libp2p/interface'
import { clockProtocol } from '../../../protocols/phase.ts'
import { askOne, type Opener } from '../../../protocols/stream.ts'
import { now } from '../clock.ts'

/** Longest wait for an answer, ms: a busy machine may take some seconds for it. */
const TIMEOUT = 6_000

/** @returns the round trip in ms. @throws {BakError} when there was no sign of life in time */
export async function feelPulse(connection: Connection): Promise<number> {
  const signal = AbortSignal.timeout(TIMEOUT)
  const began = performance.now()
  const open: Opener = protocol => connection.newStream(protocol, { signal, runOnLimitedConnection: true })
  await askOne(open, clockProtocol, { asked: now() }, { signal })
  return performance.now() - began
}
