/** How this peer, and each other, can be reached. */
import type { CallInput, CallResponse, MemberView, PeerReachability } from '../../protocols/control.ts'
import { asBakError } from '../../protocols/errors.ts'
import { measureClock } from '../clock/clock.ts'
import type { Parts } from '../parts.ts'
import { parseSelector } from '../run/selector.ts'
import { isHere } from './mesh.ts'

/** Longest time for one peer, ms. */
const PATIENCE = 12_000
/** A relayed connection may become a direct one within this, ms. */
const BETTER = 3_000
const LOOK = 100
/** Peers that are asked at the same time. */
const AT_ONCE = 32

/** Connects to every peer that the selector names, waits a little for a direct path, and measures. */
export async function* reachability(
  parts: Parts,
  { on = 'all', self: alone = false }: CallInput<'reachability'>,
  { signal }: { signal: AbortSignal }
): AsyncGenerator<CallResponse<'reachability'>> {
  const { members, reach, relays } = parts
  const named = members.list().filter(isHere).filter(parseSelector(on))
  const others = alone ? [] : named.filter(({ path }) => path !== 'self')
  const peers: PeerReachability[] = []
  for (let i = 0; i < others.length; i += AT_ONCE) {
    peers.push(...(await Promise.all(others.slice(i, i + AT_ONCE).map(member => look(parts, member, signal)))))
  }
  const self = members.self
  yield {
    self: {
      peer: self.peer,
      name: self.name,
      nat: reach.nat(),
      relay: self.relay === true,
      relays: relays.held().map(peer => ({ peer, name: nameOf(parts, peer) })),
      mapped: self.mapped ?? [],
      addresses: self.addresses
    },
    peers
  }
}

async function look(
  parts: Parts,
  { peer, shown, nat, relay }: MemberView,
  signal: AbortSignal
): Promise<PeerReachability> {
  const known = { peer, name: shown, nat, relay: relay === true }
  const until = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)])
  try {
    await measureClock(parts.streams.to(peer), { signal: until })
    const late = performance.now() + BETTER
    while (pathOf(parts, peer)?.class === 'relayed' && performance.now() < late && !until.aborted) await sleep(LOOK)
    const { offset, bound } = await measureClock(parts.streams.to(peer), { signal: until })
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

const sleep = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms))
