/** Calls about the results of runs. */

import { encode } from '../../protocols/codec.ts'
import { MAX_LINES } from '../../protocols/control/results.ts'
import type { CallInput, CallResponse, HandlerOptions, MemberView, RunLine } from '../../protocols/control.ts'
import { digestOf } from '../../protocols/digest.ts'
import type { Envelope } from '../../protocols/envelope.ts'
import { BakError } from '../../protocols/errors.ts'
import { describeProtocol } from '../../protocols/events.ts'
import { readRecord } from '../../protocols/record.ts'
import { askOne } from '../../protocols/stream.ts'
import { readOrder, readWhere } from '../../protocols/where/where.ts'
import { checkOwnPermission } from '../mesh/permissions.ts'
import type { Parts } from '../parts.ts'
import { gatherCertificates } from '../run/describe.ts'
import { overlapsOf } from '../run/overlap.ts'
import { openAfter } from '../run/plan.ts'
import { type LinesOfPeers, linesHere, linesOf, linesOfMoved, resumedBy } from '../run/run-lines.ts'
import { type Moved, placeOf, whereMoved } from '../store/moved.ts'
import { RunFolder } from '../store/run-folder.ts'
import { hasResult } from '../store/stored-results.ts'
import { createdOf, locateRun, resolveRun, resultElsewhere } from './find-run.ts'
import { slotsTakenHere } from './jobs/slots-call.ts'
import { isHere } from './mesh.ts'

export async function* ls(
  parts: Parts,
  { mesh = false, active = false, where, sort }: CallInput<'ls'>,
  { signal }: HandlerOptions
): AsyncGenerator<CallResponse<'ls'>> {
  const { coordinator, members, identity, streams, home } = parts
  const fits = where == null ? () => true : readWhere(where)
  const order = sort == null ? undefined : readOrder(sort)
  const lines = await linesHere(coordinator)
  let of: Omit<LinesOfPeers, 'runs'> | undefined
  if (mesh) {
    const others = members.list().filter(member => isHere(member) && member.peer !== identity.peer)
    const taken = active ? await slotsTakenHere(parts, signal) : undefined
    lines.push(...elsewhere(parts, others).map(line => ({ ...line, slotsHere: taken?.get(line.run) })))
    const known = new Set(lines.map(({ run }) => run))
    if (!active) {
      const { runs, ...rest } = await linesOf(others, streams, signal)
      lines.push(...runs.filter(({ run }) => !known.has(run)))
      of = rest
    }
  }
  // where another peer says that it has one, its line says more
  if (!active) lines.push(...(await linesOfMoved(home, new Set(lines.map(({ run }) => run)))))
  const now = Date.now()
  const asked = lines.filter(line => (!active || line.state !== 'ended') && fits(line, now))
  asked.sort((a, b) => a.begun - b.begun || (a.run < b.run ? -1 : 1))
  if (order != null) asked.sort((a, b) => order(a, b, now))
  yield { runs: asked.slice(-MAX_LINES), ...of }
}

/** Runs that other peers drive, from the records of members and from notices. */
function elsewhere(parts: Parts, others: MemberView[]): RunLine[] {
  return others.flatMap(({ peer, shown, runs }) =>
    runs.map(({ run, name, begun }) => {
      const { command, closed = [], members } = parts.feed.get(run) ?? {}
      const last = closed.at(-1)
      const excluded = closed.flatMap(phase => phase.excluded)
      return {
        run,
        name,
        state: command == null ? 'waiting' : 'running',
        phase: last == null || (command?.seq ?? 0) > last.seq ? command?.phase : openAfter(last),
        partial: excluded.length > 0,
        excluded,
        controller: { peer, name: shown },
        created: createdOf(run),
        begun,
        beside: besideOf(parts, run),
        members: members == null || members.size === 0 ? undefined : members.size
      } satisfies RunLine
    })
  )
}

/** Runs that measure on members of this one just now, as notices say. */
function besideOf({ members, feed }: Parts, run: string): RunLine['beside'] {
  const names = new Map(members.list().map(({ peer, shown }) => [peer, shown]))
  const nameOf = (peer: string) => names.get(peer) ?? peer
  const taking = feed.get(run)?.members ?? []
  return overlapsOf(run, taking, feed.runs(), peer => members.isHere(peer)).map(({ run, controller, peers }) => ({
    ...{ run, controller: nameOf(controller) },
    members: peers.map(nameOf)
  }))
}

/** Describes a run from the records of this peer, or of the peer that has its folder. */
export async function* describe(
  parts: Parts,
  { run: text }: CallInput<'describe'>,
  { signal }: HandlerOptions
): AsyncGenerator<CallResponse<'describe'>> {
  const run = await resolveRun(parts, text)
  const { coordinator, home } = parts
  const moved = hasResult(home, run) ? undefined : await whereMoved(home, run)
  if (moved != null && !('peer' in moved)) return yield await describeMoved(run, moved)
  const due = await parts.afterRun.whyHere(run)
  const located = await locateRun(parts, run, signal).catch(() => undefined)
  const here = located?.found == null
  const { controller, record, tags, manifest, offer, certificates } =
    located?.found ?? (located == null ? await proofsOf(parts, run, signal) : await coordinator.describe(run))
  yield {
    run,
    controller,
    record,
    tags,
    folder: here && record != null ? coordinator.folder(run).root : undefined,
    resumedBy: here ? resumedBy(await coordinator.summaries()).get(run) : undefined,
    holder: here || located == null ? undefined : parts.members.get(located.peer)?.shown,
    moved: moved && placeOf(moved),
    due,
    manifest: manifest == null ? undefined : base64(manifest),
    offer: offer == null ? undefined : base64(offer),
    digest: manifest == null ? undefined : digestOf(encode(manifest)),
    certificates: certificates.map(base64)
  }
}

/** For a run without a reachable folder: what this peer knows of it, and the certificates of the replicas. */
async function proofsOf({ coordinator, feed, streams, members }: Parts, run: string, signal: AbortSignal) {
  const described = await coordinator.describe(run)
  const followed = feed.get(run)
  if (followed == null) return described
  const ask = async (holder: string) =>
    members.isHere(holder) ? askOne(streams.to(holder), describeProtocol, { run }, { signal }) : undefined
  return { ...described, certificates: await gatherCertificates(followed, ask) }
}

export async function* collect(
  parts: Parts,
  { run: text }: CallInput<'collect'>,
  { signal }: HandlerOptions
): AsyncGenerator<CallResponse<'collect'>> {
  checkOwnPermission(parts.authority, parts.identity.peer, 'collect')
  const run = await resolveRun(parts, text)
  const { peer } = await locateRun(parts, run, signal)
  if (peer !== parts.identity.peer) throw resultElsewhere(parts, { run, peer, command: 'collect' })
  yield* parts.collect.from(run, signal)
}

const base64 = (sealed: Envelope) => Buffer.from(encode(sealed)).toString('base64')

/** Of a result that went to a folder of this machine, or to a pbench server: a folder that can be read says all. @throws {BakError} `no-such-run` where nothing but the place is known */
async function describeMoved(run: string, moved: Moved): Promise<CallResponse<'describe'>> {
  const place = placeOf(moved)
  const record = 'folder' in moved ? await readIn(moved.folder) : undefined
  if (record == null && moved.line == null)
    throw new BakError('no-such-run', `the result of ${run} was moved from here to ${place}`)
  const { line } = moved
  return {
    run,
    controller: record == null ? (line?.controller.peer as string) : readRecord(record).controller.peer,
    moved: place,
    line,
    ...(record != null &&
      'folder' in moved && { record, folder: moved.folder, tags: await new RunFolder(moved.folder).laterTags() }),
    certificates: []
  }
}

/** @returns undefined for what is no record of a run any more */
async function readIn(path: string): Promise<string | undefined> {
  try {
    const text = await new RunFolder(path).readRecordText()
    readRecord(text)
    return text
  } catch {
    return undefined
  }
}
