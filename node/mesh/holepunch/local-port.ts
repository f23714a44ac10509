import { connect, type Socket } from 'node:net'
import type { Endpoint } from '../../../protocols/observe.ts'

/** Lowest and highest local port that is taken: below those that the system gives out by itself. */
const PORTS = { from: 20_000, to: 32_000 }

/** @returns `count` different ports at random */
export function randomPorts(count: number, { from, to }: { from: number; to: number } = PORTS): number[] {
  const found = new Set<number>()
  while (found.size < count) found.add(from + Math.floor(Math.random() * (to - from)))
  return [...found]
}

/** A socket from a certain port. Only one that is bound by name may share its port with others. */
export function connectFrom(localPort: number, { host, port }: Endpoint): Socket {
  return connect({ host, port, localPort, noDelay: true, keepAlive: true })
}
