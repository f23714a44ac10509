/** What the daemon answers on its control socket: every call, and the function that answers it. */
import type { CallHandlers } from '../protocols/control.ts'
import { drain, members, register, status, stop, tools } from './control/mesh.ts'
import { reachability } from './control/reachability.ts'
import { collect, describe, ls, move } from './control/results.ts'
import { attach, cancel, plan, run } from './control/runs.ts'
import { topology } from './control/topology.ts'
import { invite, invites, revoke, rotate } from './control/trust.ts'
import type { Parts } from './parts.ts'

export function controlHandlers(parts: Parts): CallHandlers {
  return {
    status: () => status(parts),
    members: (request, options) => members(parts, request, options),
    invite: request => invite(parts, request),
    invites: () => invites(parts),
    revoke: request => revoke(parts, request),
    rotate: request => rotate(parts, request),
    reachability: (request, options) => reachability(parts, request, options),
    topology: (_, options) => topology(parts, options),
    stop: request => stop(parts, request),
    drain: request => drain(parts, request),
    tools: request => tools(parts, request),
    register: (request, options) => register(parts, request, options),
    plan: request => plan(parts, request),
    run: (request, options) => run(parts, request, options),
    attach: (request, options) => attach(parts, request, options),
    cancel: (request, options) => cancel(parts, request, options),
    ls: request => ls(parts, request),
    describe: (request, options) => describe(parts, request, options),
    collect: (request, options) => collect(parts, request, options),
    move: (request, options) => move(parts, request, options)
  }
}
