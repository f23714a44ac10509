/** Calls about what runs here for other peers: the owner's rules, and the end of all of it. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { CallInput, CallResponse } from '../../protocols/control.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import type { Spec } from '../../protocols/spec.ts'
import { stagePathsOf } from '../../protocols/stage-paths.ts'
import { jobsHere } from '../agent/allow/jobs-here.ts'
import { checkPermission } from '../mesh/permissions.ts'
import type { Parts } from '../parts.ts'
import { candidatesOf } from '../run/roster.ts'
import { parseSelector } from '../run/selector.ts'

/** How long `stop-all` waits for the runs to end here. */
const STOP_TIMEOUT_MS = 15_000
const POLL_MS = 50

/** The keys that say what others may do here. */
const RULES = /^(allow\.|run_limits$)/

export async function* allow(parts: Parts, { spec, as }: CallInput<'allow'>): AsyncGenerator<CallResponse<'allow'>> {
  const { settings, allowance } = parts
  const shown = { rules: settings.filter(({ key }) => RULES.test(key)), guards: allowance.guardsInWords() }
  if (spec == null) return yield shown
  const peer = peerOf(parts, as ?? 'self')
  const refused = await door(parts, spec, peer).catch(cause => asBakError(cause).message)
  yield { ...shown, peer, refused }
}

/** As at `join`. @returns why this peer would not be asked; undefined if it would take part. @throws why it would refuse */
async function door(parts: Parts, spec: Spec, controller: string): Promise<string | undefined> {
  const { identity, members, authority, allowance, agent } = parts
  if (controller !== identity.peer) checkPermission(authority, controller, 'drive')
  const candidate = candidatesOf(spec, members.list()).find(({ peer }) => peer === identity.peer)
  if (candidate == null) return `it would not be asked: "${spec.on}" does not select this peer`
  const { tools, workloads, load } = candidate
  const staged = stagePathsOf(spec).map(({ path }) => ({ path, bytes: 0 }))
  const judged = { controller, tools, workloads, hasClients: load != null, staged, spec }
  await allowance.checkRun({ ...judged, open: agent.runsOf(controller) + 1, left: agent.left })
  const offer = { spec, candidates: [candidate], controller }
  const jobs = await jobsHere(offer, identity.peer, { owner: allowance, slots: 1 })
  if (jobs?.why != null) throw new BakError('not-allowed', `none of its jobs may run here: ${jobs.why}`)
  return members.self.state === 'draining' ? `${members.self.name} takes no new runs` : undefined
}

/** @throws {BakError} `no-such-peer`, `usage` if several fit */
function peerOf({ members, identity }: Parts, as: string): string {
  if (as === 'self') return identity.peer
  const fitting = members.list().filter(parseSelector(as))
  if (fitting.length === 1) return fitting[0]?.peer as string
  if (fitting.length === 0) throw new BakError('no-such-peer', `no peer that is known here fits "${as}": bak members`)
  throw new BakError('usage', `--as ${as}: ${fitting.map(({ shown }) => shown).join(' and ')} fit; name one of them`)
}

/** Programs first: what they measured until then is packed. */
export async function* stopAll({ agent, guards, identity }: Parts): AsyncGenerator<CallResponse<'stop-all'>> {
  guards.endAll('its owner ended all that runs for others: bak-node stop-all')
  const runs = agent.runs().filter(run => agent.member(run)?.controller !== identity.peer)
  for (const run of runs) agent.abandon(run)
  // a program that is asked to stop has three seconds
  for (const end = performance.now() + STOP_TIMEOUT_MS; performance.now() < end; await sleep(POLL_MS)) {
    if (!runs.some(run => agent.runs().includes(run))) return yield { runs }
  }
  throw new BakError('timeout', `not ended within ${STOP_TIMEOUT_MS / 1000} s: ${runs.join(', ')}`)
}
