/** What a run needs on the machine of its caller before anybody is asked to join: its program, what it stages, where its result goes. */
import type { Caller } from '../../protocols/control/runs.ts'
import type { Spec } from '../../protocols/spec.ts'
import { checkGiven } from './jobs/given-inputs.ts'
import { checkMoveTo } from './moving/resolve-destination.ts'
import { checkProgram } from './run-order.ts'
import type { RunParts } from './run-parts.ts'
import { checkStaged } from './staging-import.ts'

type Here = Parameters<typeof checkMoveTo>[2] & Pick<RunParts, 'artifacts'>

/** @throws {BakError} as each of them does */
export async function checkStart(spec: Spec, caller: Caller, { artifacts, ...here }: Here): Promise<void> {
  await checkProgram(spec, caller)
  await checkStaged(spec, caller, artifacts)
  await checkGiven(spec.job, caller.directory, artifacts)
  await checkMoveTo(spec, caller, here)
}
