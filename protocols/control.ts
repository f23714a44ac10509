/**
 * The calls that a person's program makes to the daemon of its machine, over HTTP on a unix socket:
 * `POST /v1/<call>` with a JSON body, answered by one JSON value a line. The last line may be `{"error": {code, message}}`.
 * Closing the connection aborts the call. `curl --unix-socket $BAK_HOME/bak.sock http://bak/v1/status -d '{}'` works.
 *
 * A call is one value {request, response}; its handler in the daemon is an async generator.
 */
import type * as v from 'valibot'
import { jobCalls } from './control/jobs.ts'
import { meshCalls } from './control/mesh.ts'
import { reachabilityCalls } from './control/reachability.ts'
import { reportCalls } from './control/reports.ts'
import { resultCalls } from './control/results.ts'
import { runCalls } from './control/runs.ts'
import { sourceCalls } from './control/sources.ts'
import { stagingCalls } from './control/staging.ts'
import { trustCalls } from './control/trust.ts'
import { tunnelCalls } from './control/tunnels.ts'

export type { JobLine, JobView, ProvenResult } from './control/jobs.ts'
export type { MemberView, SettingInForce, Status } from './control/mesh.ts'
export type { PeerReachability, TopologyLink } from './control/reachability.ts'
export type { OutputHead, OutputMissing, RunLine, RunView } from './control/results.ts'
export type { Begun, Plan, RunRequest } from './control/runs.ts'
export type { InvitationView } from './control/trust.ts'

export const CONTROL_VERSION = 'v1'

export const calls = {
  ...meshCalls,
  ...trustCalls,
  ...reachabilityCalls,
  ...runCalls,
  ...resultCalls,
  ...stagingCalls,
  ...jobCalls,
  ...sourceCalls,
  ...tunnelCalls,
  ...reportCalls
} as const

export type Calls = typeof calls
export type CallName = keyof Calls
export type CallRequest<N extends CallName> = v.InferInput<Calls[N]['request']>
export type CallInput<N extends CallName> = v.InferOutput<Calls[N]['request']>
export type CallResponse<N extends CallName> = v.InferOutput<Calls[N]['response']>

export interface HandlerOptions {
  /** Aborts when the caller closes the connection or the daemon stops. */
  signal: AbortSignal
}

export type CallHandler<N extends CallName> = (
  request: CallInput<N>,
  options: HandlerOptions
) => AsyncIterable<CallResponse<N>>

/** A handler for each call; the compiler demands every one. */
export type CallHandlers = { [N in CallName]: CallHandler<N> }
