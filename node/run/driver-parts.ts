import type { KeyObject } from 'node:crypto'
import type { Spec } from '../../protocols/spec.ts'
import type { Agent } from '../agent/agent.ts'
import type { Content } from '../artifacts/content.ts'
import type { Inbox } from '../channels/run-stream-server.ts'
import type { Log } from '../log.ts'
import type { Members } from '../mesh/membership/members.ts'
import type { Streams } from '../mesh/streams.ts'
import type { RunFeed } from './run-feed.ts'

/** What a person asked for, and what the daemon gave it. */
export interface RunOrder {
  run: string
  epoch: number
  created: number
  spec: Spec
  /** The caller's folder and environment, for the workload only. */
  directory: string
  env: Record<string, string>
  key?: string
}

export interface DriverParts {
  log: Log
  signer: { peer: string; key: KeyObject }
  program: string
  members: Members
  follow: RunFeed
  inbox: Inbox
  streams: Streams
  content: Content
  agent: Agent
  /** Aborts when the daemon stops. */
  signal: AbortSignal
  onPhase(): void
}
