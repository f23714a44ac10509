/** Finds the run that a person means, and the peer that has its folder. */
import * as v from 'valibot'
import { runsBehind } from '../../protocols/control/runs.ts'
import { showInstant } from '../../protocols/duration.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { type Description, describeProtocol } from '../../protocols/events.ts'
import { runId } from '../../protocols/fields.ts'
import { listInWords } from '../../protocols/list-in-words.ts'
import { askOne } from '../../protocols/stream.ts'
import { isController } from '../mesh/permissions.ts'
import type { Parts } from '../parts.ts'
import { movedFrom, placeOf, whereMoved } from '../store/moved.ts'
import { checkGenuine } from './genuine.ts'
import { isHere } from './mesh.ts'

/** Runs that an error names. */
const MAX_NAMED = 5

/**
 * @param text a run id, any unique part of one, `last`, or `last~1`
 * @throws {BakError} `no-such-run`; `usage` naming the runs that the part fits
 */
export async function resolveRun({ coordinator, feed, members, home, identity }: Parts, text: string): Promise<string> {
  if (v.is(runId, text)) return text
  const [folders, moved] = [await coordinator.folders(), await movedFrom(home)]
  // a run of this peer without a folder was deleted here
  const isKept = ({ run, lead }: { run: string; lead: { by: string } }) =>
    lead.by !== identity.peer || folders.includes(run) || moved.includes(run)
  const heard = feed.runs().filter(isKept)
  const driven = members.list().flatMap(member => member.runs)
  const behind = runsBehind(text)
  if (behind != null) {
    // of a run that is over elsewhere only its id is known
    const others = heard.map(({ run }) => ({ run, begun: createdOf(run) }))
    const gone = moved.map(run => ({ run, begun: createdOf(run) }))
    const last = lastOf([...gone, ...others, ...driven, ...(await coordinator.summaries())], behind)
    if (last != null) return last
    if (behind > 0) throw tooFew(behind)
  }
  const known = new Set([...folders, ...moved, ...heard.map(({ run }) => run), ...driven.map(({ run }) => run)])
  const fitting = [...known].filter(run => run.includes(text)).sort()
  if (fitting.length === 1) return fitting[0] as string
  if (fitting.length === 0)
    throw new BakError('no-such-run', `no run is known whose id contains "${text}": bak ls --mesh`)
  throw tooShort(text, fitting)
}

const tooFew = (behind: number) => new BakError('no-such-run', `fewer than ${behind + 1} runs are known: bak ls --mesh`)

/** @param fitting the runs that it fits, oldest first */
export const tooShort = (text: string, fitting: string[]) =>
  new BakError('usage', `"${text}" could be ${listInWords(fitting.toReversed(), MAX_NAMED)}: give a longer part`)

/** @returns ms since 1970, from the second that a run id begins with */
export function createdOf(run: string): number {
  const [, year, month, day, hour, minute, second] = (/^(....)(..)(..)T(..)(..)(..)/.exec(run) ?? []).map(Number)
  return Date.UTC(year as number, (month as number) - 1, day, hour, minute, second)
}

/** @returns the run behind whose beginning so many others began; of several entries of one run the last one counts */
export function lastOf(runs: Array<{ run: string; begun: number }>, behind = 0): string | undefined {
  const begun = new Map(runs.map(each => [each.run, each.begun]))
  const newest = [...begun].sort(([a, one], [b, other]) => other - one || (a < b ? 1 : -1))
  return newest[behind]?.[0]
}

/**
 * @returns the peer that has the run's folder, this one before any other, and its description if it is another peer
 * @throws {BakError} `no-such-run` if no reachable peer has it
 */
export async function locateRun(
  parts: Parts,
  run: string,
  signal: AbortSignal
): Promise<{ peer: string; found?: Description }> {
  const { coordinator, feed, members, identity, streams, authority, log, home } = parts
  if (coordinator.driver(run) != null || (await coordinator.record(run)) != null) return { peer: identity.peer }
  const controller = feed.get(run)?.lead.by
  const moved = await whereMoved(home, run)
  const here = members.list().filter(isHere)
  const driving = controller ?? here.find(member => member.runs.some(each => each.run === run))?.peer
  // agents last: they have only results that were moved to them
  const others = here
    .filter(({ peer }) => peer !== identity.peer && peer !== driving)
    .sort((a, b) => Number(isController(b.role)) - Number(isController(a.role)))
  const first = [moved != null && 'peer' in moved ? moved.peer : undefined, driving].filter(each => each != null)
  for (const peer of new Set([...first, ...others.map(({ peer }) => peer)])) {
    if (!members.isHere(peer)) continue
    const found = await askOne(streams.to(peer), describeProtocol, { run }, { signal }).catch(() => undefined)
    signal.throwIfAborted()
    if (found?.record == null) continue
    try {
      checkGenuine(found.record, { run, holder: peer, controller }, authority)
      return { peer, found }
    } catch (cause) {
      const { code, message: why } = asBakError(cause)
      log.refused('record of a run refused', { run, from: peer, code, why })
    }
  }
  if (moved == null) throw new BakError('no-such-run', `no peer that can be reached has run ${run}`)
  const then = 'peer' in moved ? ', which cannot be reached now or has it no more' : ''
  throw new BakError(
    'no-such-run',
    `run ${run} was moved from here to ${placeOf(moved)} at ${showInstant(moved.at)}${then}`
  )
}

/** What can be done only where the result of a run is. */
export const resultElsewhere = (
  { members }: Pick<Parts, 'members'>,
  { run, peer, command }: { run: string; peer: string; command: string }
) => {
  const holder = members.get(peer)?.shown ?? peer
  return new BakError('no-such-run', `the result of ${run} is on ${holder}: run bak ${command} there`)
}
