/** Packs what the tools and the workload of this sample wrote, and sends it; the copy stays until the controller has signed for it. */
import { stepFolder } from '../../../protocols/layout.ts'
import type { Step } from '../../../protocols/phase.ts'
import { deliver } from './deliver.ts'
import type { PhaseHandler } from './phase.ts'

export const send: PhaseHandler = async context => {
  const folder = stepFolder(context.command.step as Step)
  return deliver(context, folder, folder, 'sample')
}
