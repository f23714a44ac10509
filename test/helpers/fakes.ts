/** Typed fakes of the parts of libp2p and of the mesh that services get as components. */

import type { Connection, Libp2pEvents } from '@libp2p/interface'
import type { ConnectionManager, NodeAddress } from '@libp2p/interface-internal'
import { defaultLogger } from '@libp2p/logger'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { TypedEventEmitter } from 'main-event'
import type { Members, MembersEvents } from '../../node/mesh/membership/members.ts'
import type { MemberView } from '../../protocols/control.ts'
import type { MemberRecord } from '../../protocols/hello.ts'

export const logger = defaultLogger()

/** @returns when all that is due in this turn of the event loop, and the next, has run */
export const settle = (ms = 5) => new Promise<void>(resolve => setTimeout(resolve, ms))

export interface FakeConnectionInit {
  peer: string
  address?: string
  direction?: Connection['direction']
  newStream?: Connection['newStream']
}

export interface FakeConnection extends Connection {
  /** Why it was aborted. */
  aborted?: Error
}

/** An open connection, direct unless its address says otherwise. */
export function fakeConnection({
  peer,
  address = '/ip4/192.0.2.7/tcp/4001',
  direction = 'outbound',
  newStream
}: FakeConnectionInit): FakeConnection {
  const fake: Partial<FakeConnection> = {
    remotePeer: peerIdFromString(peer),
    remoteAddr: multiaddr(address),
    direction,
    status: 'open',
    close: async () => {
      fake.status = 'closed'
    },
    abort: error => {
      fake.status = 'aborted'
      fake.aborted = error
    }
  }
  if (newStream != null) fake.newStream = newStream
  return fake as FakeConnection
}

export const relayedAddress = (relay: string) => `/ip4/192.0.2.9/tcp/4001/p2p/${relay}/p2p-circuit`

/** A connection manager with the connections that a test opens, and libp2p's events about them. */
export class FakeConnections implements Pick<ConnectionManager, 'getConnections' | 'openConnection'> {
  readonly events = new TypedEventEmitter<Libp2pEvents>()
  /** What was dialled, in order. */
  readonly dialled: string[] = []
  /** What a dial leads to; an error if undefined. */
  answer: ((target: string) => FakeConnection) | undefined
  readonly #open: Connection[] = []

  add<C extends Connection>(connection: C): C {
    this.#open.push(connection)
    this.events.dispatchEvent(new CustomEvent('connection:open', { detail: connection }))
    return connection
  }

  getConnections: ConnectionManager['getConnections'] = peer =>
    this.#open.filter(({ remotePeer, status }) => status === 'open' && (peer == null || remotePeer.equals(peer)))

  openConnection: ConnectionManager['openConnection'] = async target => {
    this.dialled.push(String(target))
    if (this.answer == null) throw new Error('no answer')
    return this.add(this.answer(String(target)))
  }
}

/** A membership table as a list that a test sets. */
export class FakeMembers extends TypedEventEmitter<MembersEvents> implements Pick<Members, 'list' | 'get' | 'update'> {
  views: MemberView[] = []
  readonly updates: Partial<MemberRecord>[] = []

  list(): MemberView[] {
    return this.views
  }

  get(peer: string): MemberView | undefined {
    return this.views.find(each => each.peer === peer)
  }

  update(change: Partial<MemberRecord>): void {
    this.updates.push(change)
  }

  /** Sets the list, and dispatches what a real table would. */
  set(views: MemberView[]): void {
    this.views = views
    this.dispatchEvent(new CustomEvent('change', { detail: { peer: views[0]?.peer ?? '' } }))
  }
}

export const memberView = (peer: string, more: Partial<MemberView> = {}): MemberView => ({
  ...{ peer, version: 1, name: peer.slice(-6), shown: peer.slice(-6), state: 'alive', path: 'direct', role: 'agent' },
  ...{ labels: {}, tools: [], registered: [], runs: [], addresses: ['/ip4/192.0.2.7/tcp/4001'] },
  ...{ cores: 1, memory: 1, os: 'linux', arch: 'x64', program: 'bak', started: 0, since: 0 },
  ...more
})

export const nodeAddress = (
  address: string,
  type: NodeAddress['type'] = 'transport',
  verified = true
): NodeAddress => ({ multiaddr: multiaddr(address), type, verified, expires: 0 })
