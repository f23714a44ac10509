/** Local ports that several sockets share, as hole punching needs. */
import { connect, type Socket } from 'node:net'
import type { Endpoint } from '../../../protocols/observe.ts'

/** Local ports that are used: below those that the system assigns by itself. */
const LOCAL_PORT_RANGE = { from: 20_000, to: 32_000 }

/** @returns `count` different ports at random */
export function randomPorts(count: number, { from, to }: { from: number; to: number } = LOCAL_PORT_RANGE): number[] {
  const found = new Set<number>()
  while (found.size < count) found.add(from + Math.floor(Math.random() * (to - from)))
  return [...found]
}

/** Connects from a given port. libuv sets SO_REUSEADDR, so that sockets can share it, for explicitly bound ports only. */
export function connectFrom(localPort: number, { host, port }: Endpoint): Socket {
  return connect({ host, port, localPort, noDelay: true, keepAlive: true })
}
