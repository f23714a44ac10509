/** Whether a list of names and peer ids in `[allow]` means a peer. Pure. */
import * as v from 'valibot'
import { peerId } from '../../../protocols/fields.ts'

/** A peer that asks to be let in. */
export interface Asking {
  peer: string
  /** @returns the live peers with the right to ask that call themselves by this name */
  named(name: string): string[]
  /** @returns the peer that a name of the list was bound to when it first let one in */
  boundTo?(name: string): string | undefined
}

export type PeerList = boolean | string[]

/** Peers choose their names: one that is bound means its peer, and one of two peers that is not bound neither. @returns why it is not let in */
export function refusalOfPeer(rule: PeerList, asking: Asking): string | undefined {
  const { peer, named, boundTo } = asking
  if (rule === true || listOf(rule).includes(peer)) return undefined
  if (namesOf(rule, asking).length > 0) return undefined
  const claimed = namesIn(rule).find(name => named(name).includes(peer))
  if (claimed == null) return `does not name ${peer}`
  const bound = boundTo?.(claimed)
  const who = bound == null ? `as ${named(claimed).length} peers call themselves` : `which is ${bound} here`
  return `names ${claimed}, ${who}: to let this one in, name its id ${peer}`
}

/** @returns the names of the list that let the peer in */
export const namesOf = (rule: PeerList, { peer, named, boundTo }: Asking): string[] =>
  namesIn(rule).filter(name => {
    const bound = boundTo?.(name)
    return bound == null ? named(name).length === 1 && named(name)[0] === peer : bound === peer
  })

/** The id of a peer is no name: another peer may call itself so. */
const namesIn = (rule: PeerList) => listOf(rule).filter(each => !v.is(peerId, each))
const listOf = (rule: PeerList) => (typeof rule === 'boolean' ? [] : rule)
