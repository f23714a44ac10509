/** Calls about this peer, the members of the mesh, and their tools. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { CallInput, CallResponse, HandlerOptions, MemberView } from '../../protocols/control.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { registerProtocol } from '../../protocols/hello.ts'
import { askOne } from '../../protocols/stream.ts'
import { PROGRAM } from '../../protocols/version.ts'
import type { MemberState } from '../agent/member-state.ts'
import { checkOwnPermission } from '../mesh/permissions.ts'
import type { Parts } from '../parts.ts'
import { parseSelector } from '../run/selector.ts'
import { nextEvent } from '../wait.ts'

/** Wait after a change, so that several changes give one answer. */
const SETTLE_MS = 100
/** Peers that are asked to register tools at the same time. */
const ASKED_AT_ONCE = 16

export async function* status(parts: Parts): AsyncGenerator<CallResponse<'status'>> {
  const { members, agent, authority, coordinator, identity, mesh, home } = parts
  const driving = coordinator.drivers().map(driver => driver.run.id)
  const taking = agent.runs()
  const busy = driving.length + taking.length > 0
  yield {
    name: members.self.name,
    peer: identity.peer,
    mesh: mesh.mesh,
    role: authority.roleOf(identity.peer),
    expires: authority.ownProof?.expires,
    trouble: authority.ownRefusal ?? parts.twins.trouble ?? parts.renewal.warning,
    home: home.root,
    program: PROGRAM,
    pid: process.pid,
    addresses: parts.addresses(),
    started: parts.started,
    state: members.self.state === 'draining' ? 'draining' : busy ? 'enabled' : 'standby',
    members: members.list().filter(isHere).length,
    connections: parts.network.getConnections().length,
    driving,
    taking,
    loading: taking.flatMap(run => loadOf(agent.member(run))),
    keeps: (await parts.garbage.list()).filter(({ kind }) => kind === 'data'),
    settings: parts.settings,
    guards: parts.allowance.guardsInWords()
  }
}

const loadOf = (member: MemberState | undefined) =>
  member?.load == null ? [] : [{ run: member.run, ...member.load.now }]

export async function* members(
  parts: Parts,
  { on = 'all', watch = false }: CallInput<'members'>,
  { signal }: HandlerOptions
): AsyncGenerator<CallResponse<'members'>> {
  const fits = parseSelector(on)
  const now = () => ({ members: parts.members.list().filter(fits) })
  if (!watch) return yield now()
  while (!signal.aborted) {
    // before the answer, so that no change during it is missed
    const change = nextEvent(parts.members, 'change', signal)
    yield now()
    await change
    await sleep(SETTLE_MS, undefined, { signal }).catch(() => {})
  }
}

export async function* stop(parts: Parts, _request: CallInput<'stop'>): AsyncGenerator<CallResponse<'stop'>> {
  yield { stopping: true }
  setImmediate(() => parts.onStop())
}

/** Refuses new runs, or accepts them again; runs in progress continue. */
export async function* drain(parts: Parts, { on }: CallInput<'drain'>): AsyncGenerator<CallResponse<'status'>> {
  parts.members.update({ state: on ? 'draining' : 'alive' })
  yield* status(parts)
}

export async function* tools(parts: Parts, { on = 'all' }: CallInput<'tools'>): AsyncGenerator<CallResponse<'tools'>> {
  yield { members: parts.members.list().filter(isHere).filter(parseSelector(on)) }
}

/** Drops peers that are gone, here and in the whole mesh. @throws {BakError} `no-such-peer`; `usage` if one of them is here */
export async function* forget(parts: Parts, { peers }: CallInput<'forget'>): AsyncGenerator<CallResponse<'forget'>> {
  checkOwnPermission(parts.authority, parts.identity.peer, 'forget')
  const named = parts.members.list().filter(parseSelector(peers))
  const gone = named.filter(member => !isHere(member))
  if (named.length === 0) throw new BakError('no-such-peer', `no peer that is known here fits "${peers}": bak members`)
  if (gone.length === 0) {
    const who = named.map(({ shown, state }) => `${shown} is ${state}`).join(', ')
    throw new BakError(
      'usage',
      `${who}: only a peer that is lost or has left can be forgotten; to keep one out: bak-node revoke`
    )
  }
  for (const { peer } of gone) parts.members.forget(peer)
  yield { forgotten: gone.map(({ peer, shown }) => ({ peer, name: shown })) }
}

/** Asks each selected peer; one that cannot be reached does not prevent the others. */
export async function* register(
  { members, streams, authority, identity }: Parts,
  { on, ...asked }: CallInput<'register'>,
  { signal }: HandlerOptions
): AsyncGenerator<CallResponse<'register'>> {
  const named = members.list().filter(isHere).filter(parseSelector(on))
  if (named.length === 0) throw new BakError('no-such-peer', `no member fits "${on}"`)
  if (named.some(({ peer }) => peer !== identity.peer)) checkOwnPermission(authority, identity.peer, 'register')
  const askPeer = async ({ peer, shown: name }: MemberView): Promise<CallResponse<'register'>> => {
    try {
      return { peer, name, ...(await askOne(streams.to(peer), registerProtocol, asked, { signal })) }
    } catch (cause) {
      const { code, message: error } = asBakError(cause)
      return { peer, name, registered: [], tools: [], error, code }
    }
  }
  for (let i = 0; i < named.length; i += ASKED_AT_ONCE) {
    yield* await Promise.all(named.slice(i, i + ASKED_AT_ONCE).map(askPeer))
  }
}

export const isHere = ({ state }: MemberView) => state !== 'left' && state !== 'lost'
