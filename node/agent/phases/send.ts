/** Makes series of what the tools of this sample wrote, packs all that they and the workload wrote, and sends it; the copy stays until the controller has signed for it. */
import { stepFolder } from '../../../protocols/layout.ts'
import type { Step } from '../../../protocols/phase.ts'
import { makeMemberSeries } from '../series/member-series.ts'
import { deliver } from './deliver.ts'
import type { PhaseHandler } from './phase.ts'

export const send: PhaseHandler = async context => {
  const { command, member, parts, signal } = context
  const step = command.step as Step
  const folder = stepFolder(step)
  const series = await makeMemberSeries(member, step, parts, signal)
  const { produced, warnings } = await deliver(context, folder, folder, 'sample')
  return { produced, warnings: [...series, ...warnings] }
}
