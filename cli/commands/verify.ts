/** `bak verify`: verifies who sealed a result, signatures and digests, offline. 0 says that all is proven, 2 that nothing is wrong. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import * as v from 'valibot'
import { checkCertificate, readEvidence } from '../../protocols/certificate.ts'
import { decode } from '../../protocols/codec.ts'
import type { RunView } from '../../protocols/control.ts'
import { type Envelope, envelope } from '../../protocols/envelope.ts'
import { BakError, exitStatus } from '../../protocols/errors.ts'
import { peerId } from '../../protocols/fields.ts'
import type { Anchor } from '../../protocols/verify/anchor.ts'
import type { Origin, Report } from '../../protocols/verify/report.ts'
import { verifyFolder } from '../../protocols/verify.ts'
import { addExamples, addFlag, type Context, RESULT, setAction } from '../command.ts'
import { findResult } from '../result/find-result.ts'

interface Options {
  mesh?: string
  by?: string
}

export function define(command: Command): void {
  command.argument('<run>', RESULT)
  addFlag(command, '--mesh <id>', 'sealed by a controller of this mesh; the mesh of the home by default')
  addFlag(command, '--by <peer>', 'sealed by the controller with this id, or by a peer that it gave the result to')
  addExamples(command, {
    'bak verify last': 'who sealed it, files, certificates, and what each member signed',
    'bak verify ./20261122T213015-k3f9ab --by 12D3KooW...': 'any folder of a result; needs no daemon and no network'
  })
  setAction<Options>(command, act)
}

async function act(context: Context, { mesh, by }: Options, run = ''): Promise<number> {
  for (const [flag, id] of Object.entries({ mesh, by }))
    if (id != null && !v.is(peerId, id))
      throw new BakError('usage', `--${flag} ${id}: not an id, as bak info prints it`)
  const named = mesh != null || by != null ? { mesh, by } : await ofHome(context.home)
  const { folder, view } = await findResult(context, run)
  if (folder == null) return verifyElsewhere(context, view as RunView, named)
  // nothing is signed of it as a whole yet
  if (view?.line != null && view.line.state !== 'ended')
    throw new BakError('busy', `run ${view.run} goes on, and is sealed when it has ended: bak attach ${view.run}`)
  const report = await verifyFolder(folder, named)
  if (context.json) await context.print(JSON.stringify({ ...report, folder }))
  else await printReport(context, report, folder)
  if (!report.ok) return exitStatus.damaged
  return report.origin?.named === true && report.unproven.length === 0 ? 0 : exitStatus.partial
}

async function printReport(
  { print }: Context,
  { ok, run, origin, checked, absent, unproven, beside, faults }: Report,
  folder: string
) {
  for (const { where, what } of faults) await print(`${where}: ${what}`)
  for (const { path, reason } of [...absent, ...unproven]) await print(`${path}: ${reason}`)
  for (const path of beside) await print(`${path}: made later, beside what is sealed`)
  const { files, certificates, acks, signatures } = checked
  const verdict = ok
    ? 'as it was signed'
    : `NOT as it was signed, ${faults.length} fault${faults.length === 1 ? '' : 's'}`
  const counts = `${files} files, ${certificates} certificates, ${acks} acks, ${signatures} signatures`
  const rest = unproven.length === 0 ? '' : `, ${unproven.length} not proven`
  await print(`run ${run}: ${verdict}${rest}; ${counts}; ${folder}`)
  if (origin != null) await print(describeOrigin(origin))
}

/** `sealed by cleo 12D3..., a controller of mesh 12D3...` */
function describeOrigin({ by, controller, mesh, role, named }: Origin): string {
  const who = by === controller.peer ? `${controller.name} ${by}` : `${by}, to whom ${controller.name} gave it`
  const proven =
    mesh == null
      ? ''
      : `, ${controller.name} is ${role === 'admin' ? 'an admin' : role === 'founder' ? 'the founder' : 'a controller'} of mesh ${mesh}`
  return `sealed by ${who}${proven}${named ? '' : '; by no one you named: --by PEER or --mesh ID says whom you trust'}`
}

/** @returns the mesh of the home, with the proof of its peer; nothing where it is in none */
async function ofHome(home: string): Promise<Anchor> {
  try {
    const { mesh, proof } = v.parse(
      v.object({ mesh: peerId, proof: v.optional(v.string()) }),
      JSON.parse(await readFile(join(home, 'mesh.json'), 'utf8'))
    )
    return { mesh, proofs: proof == null ? [] : [new Uint8Array(Buffer.from(proof, 'base64url'))] }
  } catch {
    return {}
  }
}

/** Checks the certificates that the daemon has of a run whose folder is on another peer. */
async function verifyElsewhere(context: Context, view: RunView, { by, mesh }: Anchor): Promise<number> {
  const evidence = readEvidence({ manifest: opened(view.manifest), offer: opened(view.offer) })
  const checked = view.certificates.map(each => checkCertificate(opened(each) as Envelope, evidence))
  const faults = checked.flatMap(({ value, faults }) =>
    faults.map(what => ({ where: value?.phase ?? 'certificate', what }))
  )
  const answers = checked.reduce((sum, { acks }) => sum + acks.length, 0)
  const { run, controller, holder } = view
  // the daemon heard these of a controller of its mesh: it takes none of others
  const { mesh: own } = await ofHome(context.home)
  if (mesh != null && mesh !== own)
    faults.push({ where: 'offer', what: `the daemon is of mesh ${own}; you named ${mesh}` })
  if (by != null && by !== controller)
    faults.push({ where: 'offer', what: `its controller is ${controller}; you named ${by}` })
  const ok = faults.length === 0 && checked.length > 0
  if (context.json)
    await context.print(JSON.stringify({ run, controller, holder, ok, certificates: checked.length, answers, faults }))
  else {
    for (const { where, what } of faults) await context.print(`${where}: ${what}`)
    const verdict = ok ? 'certificates as they were signed' : 'NOT proven'
    const where = holder == null ? 'no peer that can be reached has the folder' : `the folder is on ${holder}`
    await context.print(`run ${run}: ${verdict}; ${checked.length} certificates, ${answers} acks; ${where}`)
  }
  return ok ? 0 : exitStatus.damaged
}

const opened = (base64: string | undefined): Envelope | undefined =>
  base64 == null ? undefined : decode(envelope, new Uint8Array(Buffer.from(base64, 'base64')))
