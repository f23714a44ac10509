/** The call `forward`: ports of this machine whose connections lead to a port of a member, while the caller stays. */
import type { CallInput, CallResponse, HandlerOptions, MemberView } from '../../protocols/control.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { cutText } from '../../protocols/fields.ts'
import { Queue } from '../../protocols/queue.ts'
import { askTunnel } from '../../protocols/tunnel.ts'
import { Backoff } from '../backoff.ts'
import { openTunnelPort, type TunnelPort } from '../collectors/tunnel-port.ts'
import { listen } from '../listen.ts'
import type { MembersEvents } from '../mesh/membership/members.ts'
import { checkOwnPermission } from '../mesh/permissions.ts'
import type { Parts } from '../parts.ts'
import { parseSelector } from '../run/selector.ts'
import { onAbort } from '../wait.ts'

/** A failure that repeats itself is told after these waits, ms. */
const REPEATS = { first: 2_000, most: 60_000, jitter: 0 }
/** What the caller has not read; what comes beyond is not told. */
const MAX_TOLD = 64

type Told = CallResponse<'forward'>

export async function* forward(
  parts: Parts,
  { peer: text, ports }: CallInput<'forward'>,
  { signal }: HandlerOptions
): AsyncGenerator<Told> {
  checkOwnPermission(parts.authority, parts.identity.peer, 'forward')
  const { peer, shown: name } = oneMember(parts, text)
  const open = parts.streams.to(peer)
  // one that is refused is named before anything is open here
  for (const { remote } of ports) {
    await askTunnel(open, { port: remote }, { signal }).catch(cause => {
      const { code, message } = asBakError(cause)
      throw new BakError(code, `${name}: ${message}`, { cause })
    })
  }
  const ended = new AbortController()
  const release = onAbort(signal, () => ended.abort(signal.reason))
  const told = new Queue<Told>(MAX_TOLD)
  const opened: TunnelPort[] = []
  try {
    for (const { remote, local } of ports) {
      const onFailure = failureTeller(remote, each => told.offer(each))
      const at = await openTunnelPort({ open, to: { port: remote }, port: local, signal: ended.signal, onFailure })
      opened.push(at)
      yield { type: 'listening', peer, name, host: at.host, local: at.port, remote }
    }
    let here = true
    listen<MembersEvents>(parts.members, ended.signal, {
      change: ({ detail }) => {
        if (detail.peer !== peer || parts.members.isHere(peer) === here) return
        here = !here
        told.offer({ type: 'member', name, here })
      }
    })
    onAbort(ended.signal, () => told.end())
    for (let next = await told.take(); next != null; next = await told.take()) yield next
  } finally {
    release()
    ended.abort(new BakError('interrupted', 'the ports are closed'))
    await Promise.all(opened.map(each => each.close()))
  }
}

/** A program may try again a hundred times a second. */
function failureTeller(remote: number, tell: (told: Told) => void): (error: BakError) => void {
  const waits = new Map<string, Backoff>()
  return ({ code, message }) => {
    const wait = waits.get(code) ?? new Backoff(REPEATS)
    waits.set(code, wait)
    if (wait.due(performance.now())) tell({ type: 'failed', remote, code, error: cutText(message) })
  }
}

/** @throws {BakError} `no-such-peer`, `usage` if several fit, `unreachable` if it is not here */
function oneMember({ members }: Parts, text: string): MemberView {
  const fitting = members.list().filter(parseSelector(text))
  const [first, second] = fitting
  if (first == null) throw new BakError('no-such-peer', `no peer that is known here fits "${text}": bak members`)
  if (second != null) {
    const names = fitting.map(({ shown }) => shown).join(' and ')
    throw new BakError('usage', `${text} fits ${names}: name one of them`)
  }
  if (!members.isHere(first.peer)) throw new BakError('unreachable', `${first.shown} is ${first.state}`)
  return first
}
