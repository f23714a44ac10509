/** Calls that plan, start, follow, change and cancel runs. */
import { cancelProtocol } from '../../protocols/cancel.ts'
import { changeToolsProtocol } from '../../protocols/changed-tools.ts'
import type { Begun } from '../../protocols/control/runs.ts'
import type { CallInput, CallResponse, HandlerOptions } from '../../protocols/control.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { attachProtocol, type RunEvent } from '../../protocols/events.ts'
import { ask, askOne } from '../../protocols/stream.ts'
import { missingCollectors, neededCollectors } from '../collectors/run-collectors.ts'
import { checkOwnPermission, isController } from '../mesh/permissions.ts'
import type { Parts } from '../parts.ts'
import { isOfTheSame, runsToCompare } from '../run/estimate.ts'
import { candidatesNow, forecast } from '../run/forecast.ts'
import { askTools } from './ask-tools.ts'
import { locateRun, resolveRun, resultElsewhere } from './find-run.ts'
import { slotsOf } from './jobs/slots-call.ts'

/** Starts a run, which belongs to the daemon and continues if the caller closes the connection. */
export async function* run(
  parts: Parts,
  request: CallInput<'run'>,
  { signal }: HandlerOptions
): AsyncGenerator<CallResponse<'run'>> {
  checkAlone(parts)
  yield* followed(parts, await parts.coordinator.begin(request), signal)
}

/** @throws {BakError} `not-allowed` while another daemon has the key of this peer */
function checkAlone({ twins }: Parts): void {
  if (twins.trouble != null) throw new BakError('not-allowed', twins.trouble)
}

async function* followed({ coordinator, afterRun, members }: Parts, begun: Begun, signal: AbortSignal) {
  if (signal.aborted && !begun.existed)
    coordinator.driver(begun.run)?.cancel(members.self.name, 'the caller left before it was told of the run')
  yield begun
  yield* afterRun.follow(begun.run, 0, signal)
}

/** Starts the rest of a run that was cut short, on the peer that drove it and has its folder. */
export async function* resume(
  parts: Parts,
  { run: text, env }: CallInput<'resume'>,
  { signal }: HandlerOptions
): AsyncGenerator<CallResponse<'resume'>> {
  const { coordinator } = parts
  checkAlone(parts)
  const run = await resolveRun(parts, text)
  if (coordinator.driver(run) != null) throw new BakError('busy', `${run} goes on: bak attach ${run}`)
  if ((await coordinator.record(run)) == null) {
    const { peer } = await locateRun(parts, run, signal)
    throw resultElsewhere(parts, { run, peer, command: 'resume' })
  }
  const begun = await coordinator.resume(run, env)
  if ('complete' in begun) return yield { run, ...begun }
  yield* followed(parts, begun, signal)
}

/** What a run would do now; starts nothing. */
export async function* plan(
  parts: Parts,
  { spec: asked, ...caller }: CallInput<'plan'>,
  { signal }: HandlerOptions
): AsyncGenerator<CallResponse<'plan'>> {
  const spec = await parts.coordinator.check(asked, caller)
  const about = { spec, members: parts.members.list(), self: parts.members.self }
  const runs = runsToCompare(await parts.coordinator.summaries(), spec.name)
  const records = await Promise.all(runs.map(each => parts.coordinator.record(each)))
  const earlier = records.filter(each => each != null).filter(each => isOfTheSame(each.spec, spec))
  const candidates = candidatesNow(about)
  const collectors = await missingCollectors(neededCollectors(candidates), about.self.name)
  const [checked, slots] = await Promise.all([
    askTools(parts, candidates, signal, spec),
    spec.job.length === 0 ? undefined : slotsOf(parts, signal)
  ])
  yield forecast({ ...about, earlier, collectors, checked, slots })
}

/** Replays and follows a run on the peer that has its folder; after a break it continues with the next event. */
export async function* attach(
  parts: Parts,
  { run: text, from = 0 }: CallInput<'attach'>,
  { signal }: HandlerOptions
): AsyncGenerator<RunEvent> {
  const id = await resolveRun(parts, text)
  const { peer } = await locateRun(parts, id, signal)
  if (peer === parts.identity.peer) return yield* parts.afterRun.follow(id, from, signal)
  if (!isController(parts.authority.roleOf(peer)))
    throw new BakError(
      'not-allowed',
      `the result of ${id} is on an agent, whose events are not trusted; try bak show ${id}`
    )
  const holder = parts.members.get(peer)?.shown
  let next = from
  for (let tries = 0; tries < 5; tries++) {
    try {
      for await (const event of ask(parts.streams.to(peer), attachProtocol, { run: id, from: next }, { signal })) {
        // the folder is a path on that peer
        yield event.type === 'ended' ? { ...event, folder: '', holder } : event
        if ('n' in event) next = event.n + 1
        tries = 0
      }
      return
    } catch (cause) {
      const { code } = asBakError(cause)
      if (signal.aborted || (code !== 'unreachable' && code !== 'timeout')) throw cause
    }
    if (!parts.members.isHere(peer)) break
    await new Promise(resolve => setTimeout(resolve, 500))
  }
  throw new BakError('lost-contact', `lost contact with the peer that drives ${id}`)
}

export async function* cancel(
  parts: Parts,
  { run: text, reason = 'asked for' }: CallInput<'cancel'>,
  { signal }: HandlerOptions
): AsyncGenerator<CallResponse<'cancel'>> {
  const id = await resolveRun(parts, text)
  const checkRole = () => {
    // its controller would refuse it too; this error says how to get the permission
    if (parts.coordinator.driver(id) == null) checkOwnPermission(parts.authority, parts.identity.peer, 'cancel')
  }
  try {
    const { peer } = await locateRun(parts, id, signal)
    checkRole()
    yield { run: id, ...(await askOne(parts.streams.to(peer), cancelProtocol, { run: id, reason }, { signal })) }
  } catch (cause) {
    const { code } = asBakError(cause)
    if (code === 'not-allowed' || signal.aborted) throw cause
    // nobody leads it any more: what runs here is the affair of this machine
    if (parts.agent.abandon(id)) return yield { run: id, accepted: true, part: true }
    checkRole()
    throw cause
  }
}

/** Attaches tools to a run that goes on, and detaches them: it asks the controller of the run. */
export async function* changeTools(
  parts: Parts,
  { run: text, on = 'all', group = 'default', options = [], ...asked }: CallInput<'change-tools'>,
  { signal }: HandlerOptions
): AsyncGenerator<CallResponse<'change-tools'>> {
  const run = await resolveRun(parts, text)
  const { peer } = await locateRun(parts, run, signal)
  // its controller would refuse it too; this error says how to get the permission
  checkOwnPermission(parts.authority, parts.identity.peer, 'attach')
  const request = { run, on, group, options, ...asked }
  yield { run, ...(await askOne(parts.streams.to(peer), changeToolsProtocol, request, { signal })) }
}
