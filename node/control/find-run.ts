/** Which run a person means, and which peer has it. */
import { asBakError, BakError } from '../../protocols/errors.ts'
import { describeProtocol } from '../../protocols/events.ts'
import { checkSeal, readRecord } from '../../protocols/record.ts'
import { askOne } from '../../protocols/stream.ts'
import { checkDeed, isController } from '../mesh/deeds.ts'
import type { Parts } from '../parts.ts'
import { isHere } from './mesh.ts'

const WHOLE = /^\d{8}T\d{6}-[a-z0-9]{6}$/

/**
 * @param text a run id, any part of one that only it has, or `last`
 * @throws {BakError} `no-such-run`; `usage` naming the runs that the part could mean
 */
export async function resolveRun({ coordinator, follow, members }: Parts, text: string): Promise<string> {
  if (WHOLE.test(text)) return text
  const known = new Set([
    ...(await coordinator.folders()),
    ...follow.runs().map(({ run }) => run),
    ...members.list().flatMap(member => member.runs.map(({ run }) => run))
  ])
  const sorted = [...known].sort()
  const last = sorted.at(-1)
  if (text === 'last' && last != null) return last
  const fitting = sorted.filter(run => run.includes(text))
  if (fitting.length === 1) return fitting[0] as string
  if (fitting.length === 0)
    throw new BakError('no-such-run', `no run is known whose id has "${text}" in it: bak ls --mesh`)
  throw new BakError('usage', `"${text}" could be ${fitting.slice(-5).join(', ')}: say more of it`)
}

/**
 * @returns the peer that has the run's folder; this one before any other
 * @throws {BakError} `no-such-run` if nobody that can be reached has it
 */
export async function locateRun(parts: Parts, run: string, signal: AbortSignal): Promise<string> {
  const { coordinator, follow, members, identity, streams } = parts
  if (coordinator.driver(run) != null || (await coordinator.record(run)) != null) return identity.peer
  const controller = follow.get(run)?.controller
  const here = members.list().filter(isHere)
  const driving = controller ?? here.find(member => member.runs.some(each => each.run === run))?.peer
  // who may drive runs first: another has a result only where one was moved there
  const others = here
    .filter(({ peer }) => peer !== identity.peer && peer !== driving)
    .sort((a, b) => Number(isController(b.role)) - Number(isController(a.role)))
  for (const peer of [...(driving == null ? [] : [driving]), ...others.map(({ peer }) => peer)]) {
    if (!members.isHere(peer)) continue
    const found = await askOne(streams.to(peer), describeProtocol, { run }, { signal }).catch(() => undefined)
    if (found?.record != null && isGenuine(parts, found.record, { run, peer, controller })) return peer
    signal.throwIfAborted()
  }
  throw new BakError('no-such-run', `no peer that can be reached has run ${run}`)
}

/**
 * A peer that shows the record of a run is the run's controller, or has it with that one's seal; an agent can make up
 * neither.
 */
function isGenuine(
  { authority, log }: Parts,
  text: string,
  asked: { run: string; peer: string; controller?: string }
): boolean {
  try {
    const record = readRecord(text)
    const by = record.controller.peer
    if (by !== asked.peer && checkSeal(text).seal?.by !== by) throw new BakError('damaged', `${by} has not sealed it`)
    if (record.run !== asked.run) throw new BakError('damaged', `it is of run ${record.run}`)
    if (asked.controller != null && by !== asked.controller)
      throw new BakError('not-the-controller', `${asked.controller} drove it, not ${by}`)
    if (asked.controller == null && !isController(authority.roleOf(asked.peer))) checkDeed(authority, by, 'drive')
    return true
  } catch (cause) {
    const { code, message: why } = asBakError(cause)
    log.refused('record of a run refused', { run: asked.run, from: asked.peer, code, why })
    return false
  }
}
