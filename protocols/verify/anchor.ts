/** Who sealed a result, and whether that is who the caller named: a peer, or a controller of a mesh by the proofs in the result. */
import { custodyOf, holdersOf } from '../custody.ts'
import { asBakError } from '../errors.ts'
import { RECORD_FILE } from '../layout.ts'
import type { RunRecord } from '../record.ts'
import { heldDuring, validProofs } from '../run-proofs.ts'
import type { Origin, Report } from './report.ts'

/** Whom the caller trusts. */
export interface Anchor {
  mesh?: string
  by?: string
  /** Proofs that the caller has itself. */
  proofs?: Uint8Array[]
}

/** Adds a fault where the seal is not of the controller, or neither of them is whom the caller named. */
export function checkOrigin(record: RunRecord, proofs: Uint8Array[], anchor: Anchor, report: Report): void {
  const { seal, controller } = record
  if (seal == null) return
  const wrong = (what: string) => report.faults.push({ where: RECORD_FILE, what })
  const isHolder = checkHolder(record, seal.by, wrong)
  const origin: Origin = { by: seal.by, controller, named: false }
  report.origin = origin
  const { by, mesh } = anchor
  if (by != null && by !== seal.by && by !== controller.peer) wrong(`sealed by ${seal.by}; you named ${by}`)
  if (mesh != null) {
    const why = proveRole(record, validProofs(mesh, [...proofs, ...(anchor.proofs ?? [])]), mesh, origin, report)
    if (why != null) wrong(why)
  }
  origin.named = isHolder && (by != null || mesh != null) && report.faults.every(({ where }) => where !== RECORD_FILE)
}

function checkHolder(record: RunRecord, by: string, wrong: (what: string) => void): boolean {
  const { run, controller } = record
  try {
    if (holdersOf(run, controller.peer, custodyOf(record)).includes(by)) return true
    wrong(`sealed by ${by}; the controller is ${controller.peer}`)
  } catch (error) {
    wrong(asBakError(error).message)
  }
  return false
}

/** @returns why the controller is not proven to be one of the mesh */
function proveRole(
  record: RunRecord,
  proofs: ReturnType<typeof validProofs>,
  mesh: string,
  origin: Origin,
  { unproven }: Report
): string | undefined {
  const { controller, roster } = record
  for (const { peer, name } of roster) {
    const proof = proofs.get(peer)
    if (peer === mesh || peer === controller.peer || (proof != null && heldDuring(proof, record))) continue
    unproven.push({ path: name, reason: `nothing proves that ${peer} was a member of mesh ${mesh}` })
  }
  const proof = proofs.get(controller.peer)
  const role = controller.peer === mesh ? 'founder' : proof?.role
  const who = `the controller ${controller.peer}`
  if (role == null) return `nothing proves that ${who} is of mesh ${mesh}; if you know it: --by ${controller.peer}`
  if (role === 'agent') return `${who} is no controller of mesh ${mesh} but an agent`
  if (proof != null && !heldDuring(proof, record))
    return `${who} was not a member of mesh ${mesh} while the run went on`
  Object.assign(origin, { mesh, role })
  return undefined
}
