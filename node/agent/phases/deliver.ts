/** How what lies on a member gets to the controller: packed, offered until it is taken, deleted against a signed receipt. */
import { existsSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { encode } from '../../../protocols/codec.ts'
import type { Produced } from '../../../protocols/phase.ts'
import { type Parcel, type ParcelKind, sendTarball } from '../../../protocols/tarball.ts'
import type { Member } from '../member.ts'
import type { PhaseContext } from './phase.ts'

/** @param path a folder of the member's data, as it is to stand in the result; @returns nothing where it is empty */
export async function deliver(
  context: PhaseContext,
  path: string,
  what: string,
  kind: ParcelKind
): Promise<Produced[]> {
  const parcel = await pack(context.member, path, what, kind)
  if (parcel == null) return []
  await send(context, parcel)
  return [producedOf(parcel)]
}

/** Packs all that is left, and sends all that was packed. What cannot be sent now stays. */
export async function deliverRest(context: PhaseContext): Promise<Produced[]> {
  await packRest(context.member)
  const produced: Produced[] = []
  for (const parcel of await context.member.outbox.list()) {
    await send(context, parcel)
    produced.push(producedOf(parcel))
  }
  return produced
}

/** Packs every folder that no send has taken yet, so that it can be asked for at any time. */
export async function packRest(member: Member): Promise<void> {
  for (const when of await subfolders(join(member.data, 'sysinfo'))) {
    await pack(member, join('sysinfo', when, member.name), `sysinfo ${when}`, 'sysinfo')
  }
  for (const iteration of (await subfolders(member.data)).filter(name => name !== 'sysinfo')) {
    for (const sample of await subfolders(join(member.data, iteration))) {
      await pack(member, join(iteration, sample), join(iteration, sample), 'tools')
    }
  }
}

async function pack(member: Member, path: string, what: string, kind: ParcelKind): Promise<Parcel | undefined> {
  const paths = await packable(member, path)
  if (paths.length === 0) return undefined
  const parcel = await member.outbox.add(member.data, paths, what, { kind })
  await rm(join(member.data, path), { recursive: true, force: true })
  return parcel
}

/** @returns the folders below `path` that bear this member's name: nobody else's could be unpacked */
async function packable(member: Member, path: string): Promise<string[]> {
  if (path.startsWith('sysinfo')) return existsSync(join(member.data, path)) ? [path] : []
  const groups = await subfolders(join(member.data, path))
  return groups.map(group => join(path, group, member.name)).filter(each => existsSync(join(member.data, each)))
}

async function send({ member, parts, signal }: PhaseContext, parcel: Parcel): Promise<void> {
  const source = { read: (offset: number, length: number) => member.outbox.read(parcel.digest, offset, length) }
  await parts.paths.untilDirect(member.controller, member.offer.spec.policy.direct_wait * 1000, signal)
  const { receipt } = await sendTarball(parts.bulk.to(member.controller, parcel.bytes), parcel, source, {
    signal,
    to: member.controller,
    onRetry: (reason, after) => parts.log.debug('send again', { run: member.run, code: reason.code, after })
  })
  await member.outbox.confirm(parcel.digest, encode(receipt))
}

function producedOf({ what, digest, bytes }: Parcel): Produced {
  return { name: what, digest, bytes }
}

async function subfolders(path: string): Promise<string[]> {
  if (!existsSync(path)) return []
  const entries = await readdir(path, { withFileTypes: true })
  return entries.filter(entry => entry.isDirectory()).map(entry => entry.name)
}
