/** How the data of a member gets to the controller: packed, offered until there is a signed receipt, then deleted. */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { encode } from '../../../protocols/codec.ts'
import type { Envelope } from '../../../protocols/envelope.ts'
import { isFolderOf, sysinfoFolder } from '../../../protocols/layout.ts'
import type { Produced } from '../../../protocols/phase.ts'
import { type Source, sendTarball, type TarballKind, type TarballOffer } from '../../../protocols/tarball.ts'
import type { MemberState } from '../member-state.ts'
import type { PhaseContext } from './phase.ts'

/** @param path a folder of the member's data, as it is to stand in the result; @returns nothing where it is empty */
export async function deliver(
  context: PhaseContext,
  path: string,
  what: string,
  kind: TarballKind
): Promise<Produced[]> {
  const { member } = context
  const paths = packable(member, path)
  if (paths.length === 0) return []
  const offer = await member.outbox.addUnlessSmall(member.data, paths, what, { kind })
  if ('path' in offer) {
    // the tarball takes its place
    await rm(join(member.data, path), { recursive: true, force: true })
    await sendStored(context, offer)
  } else {
    const { content } = offer
    await send(context, offer, { read: async (offset, length) => content.subarray(offset, offset + length) })
    rmSync(join(member.data, path), { recursive: true, force: true })
  }
  return [producedOf(offer)]
}

/** Packs all that is left, and sends all that is packed. What cannot be sent now stays. */
export async function deliverRest(context: PhaseContext): Promise<Produced[]> {
  await packRest(context.member)
  const produced: Produced[] = []
  for (const offer of await context.member.outbox.list()) {
    await sendStored(context, offer)
    produced.push(producedOf(offer))
  }
  return produced
}

/** Packs every folder that was not packed yet, so that it can be collected at any time. */
export async function packRest(member: MemberState): Promise<void> {
  for (const when of ['begin', 'end'] as const) {
    await pack(member, sysinfoFolder(when, member.name), `sysinfo ${when}`, 'sysinfo')
  }
  for (const iteration of subfolders(member.data)) {
    for (const sample of subfolders(join(member.data, iteration))) {
      await pack(member, join(iteration, sample), join(iteration, sample), 'sample')
    }
  }
}

async function pack(member: MemberState, path: string, what: string, kind: TarballKind): Promise<void> {
  const paths = packable(member, path)
  if (paths.length === 0) return
  await member.outbox.add(member.data, paths, what, { kind })
  await rm(join(member.data, path), { recursive: true, force: true })
}

/** @returns the folders below `path` that bear this member's name: the receiver unpacks no others */
function packable(member: MemberState, path: string): string[] {
  const below = subfolders(join(member.data, path)).map(folder => join(path, folder, member.name))
  return [path, ...below].filter(each => isFolderOf(each, member.name) && existsSync(join(member.data, each)))
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

function producedOf({ what, digest, bytes }: TarballOffer): Produced {
  return { name: what, digest, bytes }
}

function subfolders(path: string): string[] {
  if (!existsSync(path)) return []
  const entries = readdirSync(path, { withFileTypes: true })
  return entries.filter(entry => entry.isDirectory()).map(entry => entry.name)
}
