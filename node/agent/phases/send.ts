import { type Step, stepFolder } from '../../../protocols/phase.ts'
import { deliver } from './deliver.ts'
import type { PhaseHandler } from './phase.ts'

/** Packs what the tools of this sample wrote, sends it, and keeps the copy until the controller has signed for it. */
export const send: PhaseHandler = async context => {
  const folder = stepFolder(context.command.step as Step)
  return { produced: await deliver(context, folder, folder, 'tools') }
}
