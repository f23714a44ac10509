/**
 * How the data of a member gets to the controller: packed, offered until there is a signed receipt, then deleted. What cannot be packed
 * stays here and is named.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { encode } from '../../../protocols/codec.ts'
import type { Envelope } from '../../../protocols/envelope.ts'
import { isFolderOf, parseResultPath, sysinfoFolder } from '../../../protocols/layout.ts'
import type { Produced } from '../../../protocols/phase.ts'
import { type Source, sendTarball, type TarballKind, type TarballOffer } from '../../../protocols/tarball.ts'
import { PERSISTENT_TOOLS } from '../../../protocols/tarball-names.ts'
import type { PackReport } from '../../store/pack-report.ts'
import { removeAllBut, sizeOfTree } from '../../store/remove-tree.ts'
import type { MemberState } from '../member-state.ts'
import { makeMemberSeries, type SeriesParts } from '../series/member-series.ts'
import type { PhaseContext } from './phase.ts'

export interface Delivered {
  produced: Produced[]
  /** What did not travel, and why. */
  warnings: string[]
}

/** @param path a folder of the member's data, as it is to stand in the result; @returns nothing where it is empty */
export function deliver(context: PhaseContext, path: string, what: string, kind: TarballKind): Promise<Delivered> {
  return deliverFolders(context, { paths: packable(context.member, path), below: [path], what, kind })
}

/** What persistent tools have written. */
export function deliverPersistent(context: PhaseContext): Promise<Delivered> {
  return deliverFolders(context, persistentFolders(context.member))
}

/** Folders that make one tarball, and those that are empty without them. */
interface Folders {
  paths: string[]
  below: string[]
  what: string
  kind: TarballKind
}

async function deliverFolders(context: PhaseContext, { paths, below, what, kind }: Folders): Promise<Delivered> {
  const { member } = context
  if (paths.length === 0) return { produced: [], warnings: [] }
  const { report, ...offer } = await member.outbox.addUnlessSmall(member.data, paths, what, optionsOf(member, kind))
  if ('path' in offer) {
    // the tarball takes its place
    for (const path of below) await removeAllBut(member.data, path, report.kept)
    await sendStored(context, offer)
  } else {
    const { content } = offer
    await send(context, offer, { read: async (offset, length) => content.subarray(offset, offset + length) })
    for (const path of below) await removeAllBut(member.data, path, report.kept, { isSmall: true })
  }
  return { produced: [producedOf(offer, report)], warnings: report.warnings() }
}

/** Packs all that is left, and sends all that is packed. What cannot be sent now stays. */
export async function deliverRest(context: PhaseContext): Promise<Delivered> {
  const { packed, warnings } = await packRest(context.member, context.parts, context.signal)
  const produced: Produced[] = []
  for (const offer of await context.member.outbox.list()) {
    await sendStored(context, offer)
    produced.push(producedOf(offer, packed.find(({ digest }) => digest === offer.digest)?.report))
  }
  const left = packed.flatMap(({ digest, report }) => (digest == null ? [] : report.warnings()))
  return { produced, warnings: [...warnings, ...left] }
}

/** A folder that was packed, or in which all was left out: that has no digest. */
export interface PackedFolder {
  digest?: string
  report: PackReport
}

/**
 * Packs every folder that was not packed yet, with series of what its tools wrote, so that it can be collected at any time.
 * @throws {BakError} the reason of the signal, if it aborts while series are made
 * @returns warnings of what could not be read into series
 */
export async function packRest(
  member: MemberState,
  parts: SeriesParts,
  signal: AbortSignal
): Promise<{ packed: PackedFolder[]; warnings: string[] }> {
  const packed: PackedFolder[] = []
  const warnings = await makeSeriesOfRest(member, parts, signal)
  const packFolder = (path: string, what: string, kind: TarballKind) =>
    pack({ paths: packable(member, path), below: [path], what, kind })
  const pack = async ({ paths, below, what, kind }: Folders) => {
    if (paths.length === 0) return
    const { digest, report } = await member.outbox.add(member.data, paths, what, optionsOf(member, kind))
    // what was left out before is named in the result already
    if (report.files === 0 && report.lost > 0 && report.left.every(({ isKept }) => isKept)) {
      packed.push({ report })
      return member.outbox.discard(digest)
    }
    for (const path of below) await removeAllBut(member.data, path, report.kept)
    packed.push({ digest, report })
  }
  for (const when of ['begin', 'end'] as const) {
    await packFolder(sysinfoFolder(when, member.name), `sysinfo ${when}`, 'sysinfo')
  }
  const persistent = persistentFolders(member)
  await pack(persistent)
  for (const iteration of subfolders(member.data).filter(each => !persistent.below.includes(each))) {
    for (const sample of subfolders(join(member.data, iteration))) {
      await packFolder(join(iteration, sample), join(iteration, sample), 'sample')
    }
  }
  return { packed, warnings }
}

async function makeSeriesOfRest(member: MemberState, parts: SeriesParts, signal: AbortSignal): Promise<string[]> {
  const warnings = await makeMemberSeries(member, undefined, parts, signal)
  for (const iteration of subfolders(member.data)) {
    for (const sample of subfolders(join(member.data, iteration))) {
      const place = parseResultPath(`${iteration}/${sample}/workload/${member.name}`)
      if (place?.kind !== 'workload') continue
      warnings.push(...(await makeMemberSeries(member, place.step, parts, signal)))
    }
  }
  return warnings
}

/** @returns what is still here of a run: packed or not */
export const keptBy = ({ data, outbox }: MemberState) => {
  const rest = sizeOfTree(data)
  const packed = outbox.size()
  return { files: rest.files + packed.files, bytes: rest.bytes + packed.bytes }
}

/** A controller takes what it packed itself without bounds. */
const optionsOf = (member: MemberState, kind: TarballKind) => ({
  kind,
  isBounded: member.controller !== member.self,
  isListed: member.offer.signedFiles
})

/** @returns the folders below `path` that bear this member's name: the receiver unpacks no others */
function packable(member: MemberState, path: string): string[] {
  const below = subfolders(join(member.data, path)).map(folder => join(path, folder, member.name))
  return [path, ...below].filter(each => isFolderOf(each, member.name) && existsSync(join(member.data, each)))
}

const PERSISTENT_KINDS = ['persistent', 'persistent-series']

/** Those of all groups, and their series. */
function persistentFolders(member: MemberState): Folders {
  const below = subfolders(member.data).filter(each =>
    PERSISTENT_KINDS.includes(parseResultPath(join(each, member.name))?.kind ?? '')
  )
  const paths = below.map(each => join(each, member.name)).filter(each => existsSync(join(member.data, each)))
  return { paths, below, what: PERSISTENT_TOOLS, kind: 'tools' }
}

async function sendStored(context: PhaseContext, offer: TarballOffer): Promise<void> {
  const { outbox } = context.member
  const { digest } = offer
  const receipt = await send(context, offer, { read: (offset, length) => outbox.read(digest, offset, length) })
  await outbox.confirm(digest, encode(receipt))
}

async function send({ member, parts, signal }: PhaseContext, offer: TarballOffer, source: Source): Promise<Envelope> {
  await parts.paths.untilDirect(member.controller, member.offer.spec.policy.direct_wait * 1000, signal)
  const { receipt } = await sendTarball(parts.streams.to(member.controller), offer, source, {
    signal,
    to: member.controller,
    onRetry: (reason, after) => parts.log.debug('send again', { run: member.run, code: reason.code, after })
  })
  return receipt
}

function producedOf(
  { what, digest, bytes, files }: TarballOffer & Pick<Produced, 'files'>,
  report?: PackReport
): Produced {
  return { name: what, digest, bytes, files, missing: report?.lost || undefined }
}

function subfolders(path: string): string[] {
  if (!existsSync(path)) return []
  const entries = readdirSync(path, { withFileTypes: true })
  return entries.filter(entry => entry.isDirectory()).map(entry => entry.name)
}
