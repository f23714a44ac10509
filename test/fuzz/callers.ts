/** Hostile answers to the calling side of each protocol. */

import { join } from 'node:path'
import { duplexPair } from 'node:stream'
import type { Stream } from '@libp2p/interface'
import * as fc from 'fast-check'
import { ArtifactStore } from '../../node/artifacts/artifact-store.ts'
import { Content } from '../../node/artifacts/content.ts'
import { Swarms } from '../../node/artifacts/swarm/swarms.ts'
import { measureClock } from '../../node/clock/clock.ts'
import { createLog } from '../../node/log.ts'
import { syncRecords } from '../../node/mesh/membership/sync.ts'
import { Table } from '../../node/mesh/membership/table.ts'
import { encode } from '../../protocols/codec.ts'
import { artifactDefaults } from '../../protocols/config-file.ts'
import { digestOf } from '../../protocols/digest.ts'
import { leadDirect, NONCE_BYTES } from '../../protocols/direct.ts'
import type { Subject } from '../../protocols/envelope.ts'
import { BakError, errorCodes } from '../../protocols/errors.ts'
import { ask, type Opener, type Protocol } from '../../protocols/stream.ts'
import { sendTarball, type TarballOffer } from '../../protocols/tarball.ts'
import { openTunnel } from '../../protocols/tunnel.ts'
import { pair } from '../helpers/streams.ts'
import { changed, concat, frame, spliced } from './bytes.ts'
import { codeOf } from './files.ts'
import { valuesOf } from './messages.ts'
import { type Target, within } from './target.ts'
import { knownOf } from './values.ts'
import type { World } from './world.ts'

export interface CallerInit {
  protocol: Protocol<never, unknown>
  subjects?: Subject<any>[]
  /** Makes the call; its failure must be a `BakError`. Only its first stream is opened. */
  act?(open: Opener, world: World, gone: AbortSignal): Promise<unknown>
}

/** A sender that is asked to wait gives up after this. */
const SEND_TIMEOUT_MS = 200
/** What has not come by then does not come. */
const FETCH_TIMEOUT_MS = 50
/** A caller gets any code that the other side sends. */
const refusals = errorCodes

export function callerTarget(init: CallerInit): Target<Uint8Array> {
  const { protocol } = init
  const name = `answers of ${protocol.id}`
  return {
    name,
    refusals,
    inputs: world => answers(world, init),
    feed: async (world, bytes) => {
      const { open, gone, close } = await hostile(bytes)
      const act = init.act ?? (() => Array.fromAsync(ask(open, protocol, {} as never)))
      return [
        await within(
          name,
          codeOf(() => act(open, world, gone))
        ).finally(close)
      ]
    }
  }
}

function answers(world: World, { protocol, subjects = [] }: CallerInit): fc.Arbitrary<Uint8Array> {
  const answer = valuesOf(protocol.response, knownOf(world, subjects)).map(ok => encode({ ok }))
  const valid = fc.array(answer, { maxLength: 4 }).map(all => concat(...all.map(frame)))
  const heard = world.answered.get(protocol.id) ?? []
  const recorded = heard.length === 0 ? valid : fc.constantFrom(...heard)
  const code = fc.oneof(fc.constantFrom(...errorCodes), fc.string({ maxLength: 9 }))
  const failure = fc.record({ code, message: fc.string() }).map(error => frame(encode({ error })))
  return fc.oneof(
    { weight: 6, arbitrary: valid },
    { weight: 4, arbitrary: changed(recorded) },
    { weight: 3, arbitrary: changed(valid) },
    { weight: 2, arbitrary: spliced(fc.oneof(recorded, valid)) },
    { weight: 1, arbitrary: recorded },
    { weight: 1, arbitrary: failure },
    { weight: 1, arbitrary: fc.tuple(valid, failure).map(parts => concat(...parts)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 256 }) }
  )
}

/** A peer that answers the first call with these bytes, and every later one not at all. */
async function hostile(bytes: Uint8Array): Promise<{ open: Opener; gone: AbortSignal; close(): void }> {
  const [near, far] = await pair()
  far.addEventListener('message', () => {})
  let opened = false
  const gone = new AbortController()
  const open: Opener = async () => {
    if (opened) {
      gone.abort(new BakError('interrupted', 'a second stream was opened'))
      throw gone.signal.reason
    }
    opened = true
    send(far, bytes)
    return near
  }
  const close = () => {
    for (const stream of [near, far]) stream.abort(new Error('over'))
  }
  return { open, gone: gone.signal, close }
}

function send(stream: Stream, bytes: Uint8Array): void {
  if (bytes.length > 0) stream.send(bytes)
  stream.close().catch(() => {})
}

const offer: TarballOffer = {
  run: '20261122T213015-k3f9ab',
  what: 'x',
  kind: 'sample',
  digest: digestOf(new Uint8Array(1000)),
  bytes: 1000,
  allow: ['1-default/sample1/tools-default/a']
}

/** A connection whose client says a word and reads all that comes. */
export async function tunnels(open: Opener, _: World, gone: AbortSignal): Promise<void> {
  const join = await openTunnel(open, { port: 80 }, { signal: gone, within: FETCH_TIMEOUT_MS })
  const [near, client] = duplexPair()
  client.on('error', () => {}).resume()
  client.end('x')
  await join(near, { signal: gone, idle: FETCH_TIMEOUT_MS })
}

export const sends = (open: Opener, world: World, gone: AbortSignal) =>
  sendTarball(
    open,
    offer,
    { read: async (_, length) => new Uint8Array(length) },
    {
      signal: AbortSignal.any([gone, AbortSignal.timeout(SEND_TIMEOUT_MS)]),
      to: world.member.parts.identity.peer
    }
  )

export const fetches = (open: Opener) =>
  new Content({ streams: { to: () => open, serve: async () => {} } }).get(digestOf(new Uint8Array()), ['x'])

/** Gets a content of two chunks into a store that has nothing. */
export async function fetchesStaged(open: Opener, { target, folder, staged }: World, gone: AbortSignal): Promise<void> {
  const { peer } = target.parts.identity
  const store = await ArtifactStore.open({ folder: join(folder, 'fuzzed'), limits: artifactDefaults, self: peer })
  const swarms = new Swarms(
    {
      streams: { to: () => open, serve: async () => {}, connected: () => true },
      authority: { roleOf: () => 'controller' }
    },
    { log: createLog('error', () => {}), self: peer, store }
  )
  const signal = AbortSignal.any([gone, AbortSignal.timeout(FETCH_TIMEOUT_MS)])
  try {
    await swarms.fetch(staged.digest, { bytes: staged.bytes, from: ['x'], source: 'x', by: peer, signal })
    await store.remove(staged.digest)
  } finally {
    swarms.stop()
  }
}

export const leads = (open: Opener) =>
  leadDirect(
    open,
    Promise.resolve({ addresses: [], proofs: [] }),
    new Uint8Array(NONCE_BYTES),
    { weigh: () => true, go: async () => {} },
    {}
  )

export const measures = (open: Opener) => measureClock(open)

export async function syncs(open: Opener, { target, member }: World): Promise<void> {
  const table = new Table()
  const mine = target.parts.members.list().length
  await syncRecords(open, member.parts.identity.peer, { table, learn: () => mine })
}
