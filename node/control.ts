/** What the daemon answers on its control socket: a handler for each call. */
import type {
  CallHandler,
  CallHandlers,
  CallInput,
  CallName,
  CallResponse,
  HandlerOptions
} from '../protocols/control.ts'
import { sysinfo } from './control/ask-sysinfo.ts'
import { check, describeTools } from './control/ask-tools.ts'
import { gc, leftovers, rm } from './control/cleanup.ts'
import { allow, stopAll } from './control/guests.ts'
import { artifact, artifacts } from './control/jobs/artifact-calls.ts'
import { getArtifact, releaseArtifact, removeArtifact } from './control/jobs/get-artifact.ts'
import { jobs } from './control/jobs/job-list.ts'
import { jobLog } from './control/jobs/job-log-call.ts'
import { job } from './control/jobs/job-view.ts'
import { slots } from './control/jobs/slots-call.ts'
import { jobSources } from './control/jobs/source-call.ts'
import { logs } from './control/logs.ts'
import { drain, forget, members, register, status, stop, tools } from './control/mesh.ts'
import { move } from './control/move-call.ts'
import { prune } from './control/prune.ts'
import { reachability } from './control/reachability.ts'
import { report } from './control/reports.ts'
import { collect, describe, ls } from './control/results.ts'
import { attach, cancel, changeTools, plan, resume, run } from './control/runs.ts'
import { stage, staged, unstage } from './control/stage-calls.ts'
import { tag } from './control/tag-call.ts'
import { topology } from './control/topology.ts'
import { invite, invites, revoke, rotate } from './control/trust.ts'
import { forward } from './control/tunnels.ts'
import type { Parts } from './parts.ts'

type Handle<N extends CallName> = (
  parts: Parts,
  request: CallInput<N>,
  options: HandlerOptions
) => AsyncIterable<CallResponse<N>>

const handlers: { [N in CallName]: Handle<N> } = {
  ...{ status, members, forget, stop, drain, tools, check, sysinfo, register },
  'describe-tools': describeTools,
  ...{ allow, 'stop-all': stopAll },
  ...{ invite, invites, revoke, rotate },
  ...{ reachability, topology },
  ...{ plan, run, resume, attach, cancel, 'change-tools': changeTools },
  ...{ ls, tag, describe, logs, collect, move },
  ...{ rm, gc, prune, leftovers },
  ...{ stage, staged, unstage, forward, report },
  ...{ jobs, job, 'job-log': jobLog, artifacts, artifact, slots, 'job-sources': jobSources },
  ...{ 'get-artifact': getArtifact, 'release-artifact': releaseArtifact, 'remove-artifact': removeArtifact }
}

export function controlHandlers(parts: Parts): CallHandlers {
  const bind = <N extends CallName>(call: N): CallHandler<N> => {
    const handle = handlers[call]
    return (request, options) => handle(parts, request, options)
  }
  return Object.fromEntries(Object.keys(handlers).map(call => [call, bind(call as CallName)])) as CallHandlers
}
