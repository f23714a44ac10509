/** The control call `reachability`: how this peer, and each other, can be reached. */
import type { CallInput, CallResponse, MemberView, PeerReachability } from '../../protocols/control.ts'
import { asBakError } from '../../protocols/errors.ts'
import { measureClock } from '../clock/clock.ts'
import type { Parts } from '../parts.ts'
import { parseSelector } from '../run/selector.ts'
import { pause } from '../wait.ts'
import { isHere } from './mesh.ts'

/** Time for one peer: a dial through a relay, and two exchanges. */
const PEER_TIMEOUT_MS = 12_000
/** Hole punching replaces a relayed connection within this, as a rule after 1 s. */
const DIRECT_PATH_TIMEOUT_MS = 3_000
const POLL_MS = 100
/** Peers that are measured at the same time. */
const CONCURRENCY = 32

/** Connects to every peer that the selector names, waits a little for a direct path, and measures. */
export async function* reachability(
  parts: Parts,
  { on = 'all', self: selfOnly = false }: CallInput<'reachability'>,
  { signal }: { signal: AbortSignal }
): AsyncGenerator<CallResponse<'reachability'>> {
  const { members, relays } = parts
  const selected = members.list().filter(isHere).filter(parseSelector(on))
  const others = selfOnly ? [] : selected.filter(({ path }) => path !== 'self')
  const peers: PeerReachability[] = []
  for (let i = 0; i < others.length; i += CONCURRENCY) {
    const batch = others.slice(i, i + CONCURRENCY)
    peers.push(...(await Promise.all(batch.map(member => measurePeer(parts, member, signal)))))
  }
  const self = members.self
  yield {
    self: {
      peer: self.peer,
      name: self.name,
      nat: parts.reachability.nat(),
      relay: self.relay === true,
      relays: relays.reserved().map(peer => ({ peer, name: nameOf(parts, peer) })),
      mapped: self.mapped ?? [],
      addresses: self.addresses
    },
    peers
  }
}

async function measurePeer(
  parts: Parts,
  { peer, shown, nat, relay }: MemberView,
  callSignal: AbortSignal
): Promise<PeerReachability> {
  const known = { peer, name: shown, nat, relay: relay === true }
  const signal = AbortSignal.any([callSignal, AbortSignal.timeout(PEER_TIMEOUT_MS)])
  try {
    await measureClock(parts.streams.to(peer), { signal })
    const deadline = performance.now() + DIRECT_PATH_TIMEOUT_MS
    while (pathOf(parts, peer)?.class === 'relayed' && performance.now() < deadline && !signal.aborted) {
      await pause(POLL_MS, signal)
    }
    const { offset, bound } = await measureClock(parts.streams.to(peer), { signal })
    return { ...known, path: pathOf(parts, peer), roundTrip: 2 * bound, clock: { offset, bound } }
  } catch (cause) {
    return { ...known, path: pathOf(parts, peer), error: asBakError(cause).message }
  }
}

function pathOf(parts: Parts, peer: string): PeerReachability['path'] {
  const path = parts.paths.of(peer)
  return path?.via == null ? path : { ...path, via: nameOf(parts, path.via) }
}

const nameOf = ({ members }: Parts, peer: string) => members.get(peer)?.shown ?? peer
