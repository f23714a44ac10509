/** How the streams of a run's members reach its driver. */
import type { RunStreamHandlers } from '../channels/run-stream-server.ts'
import type { Driver } from './driver.ts'

/** Members get at least so many signs in a lease that their controller is alive, and none more often than this, ms. */
const LEASE_SIGNS = 3
const MIN_LEASE_INTERVAL_MS = 250

export const streamOptionsOf = (driver: Driver): RunStreamHandlers => ({
  admits: peer => driver.admits(peer),
  leaseIntervalMs: Math.max(MIN_LEASE_INTERVAL_MS, (driver.run.order.spec.policy.lease * 1000) / LEASE_SIGNS),
  greeting: () => (driver.content == null ? [] : [{ type: 'content', bytes: driver.content }]),
  onOpen: peer => driver.onStream(peer),
  onClose: () => driver.checkReachable(),
  onMissing: (peer, missing) => driver.onMissing(peer, missing),
  onStaging: (peer, done, total) => driver.onStaging(peer, done, total),
  onWork: (peer, state) => driver.onWork(peer, state),
  onAcks: (_, acks) => driver.receive(acks)
})
