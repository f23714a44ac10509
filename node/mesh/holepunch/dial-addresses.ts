/** Which addresses of another peer are worth a direct dial. Pure. */
import { BlockList, isIP } from 'node:net'
import { isPrivateIp } from '@libp2p/utils'
import { isRelayed } from '../reachability/addresses.ts'
import { scopeOf } from '../reachability/dial-rule.ts'
import { familyOf } from '../reachability/networks.ts'

/** Dials for one peer: its record is not verified, and may name the addresses of others. */
const MAX_DIALS = 8

/** @returns those worth a dial, the most promising first: of this machine's networks, then public ones, then other private ones */
export function rankDialAddresses(addresses: string[], networks: BlockList): string[] {
  const ranked = addresses
    .filter(address => !isRelayed(address))
    .map(address => ({ address, rank: rankOf(address, networks) }))
    .filter(({ rank }) => rank < NEVER)
    .sort((a, b) => a.rank - b.rank)
  return [...new Set(ranked.map(({ address }) => address))].slice(0, MAX_DIALS)
}

/** @returns whether one of them could be dialled from everywhere */
export const anyPublic = (addresses: string[]) => addresses.some(address => rankOf(address, NO_NETWORKS) === PUBLIC)

/** Ranks, the lowest dialled first. */
const [OWN_NETWORK, PUBLIC, OTHER_PRIVATE, NEVER] = [0, 1, 2, 3]
const NO_NETWORKS = new BlockList()

function rankOf(address: string, networks: BlockList): number {
  const [, kind = '', host = ''] = address.split('/')
  if (isRelayed(address)) return NEVER
  if (kind.startsWith('dns')) return PUBLIC
  if (isIP(host) === 0 || scopeOf(host) !== 'wide') return NEVER
  if (networks.check(host, familyOf(host))) return OWN_NETWORK
  return isPrivateIp(host) ? OTHER_PRIVATE : PUBLIC
}
