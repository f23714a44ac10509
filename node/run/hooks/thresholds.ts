/** Thresholds: reads what tools measured in a sample once it is here, and ends a run whose threshold no further sample can mend. */
import { cutText } from '../../../protocols/fields.ts'
import { askedOfTools, lostThresholds } from '../../../protocols/thresholds/judge.ts'
import { describeDecision, type Threshold } from '../../../protocols/thresholds/threshold.ts'
import { readTools } from '../../../protocols/thresholds/tool-readings.ts'
import { Stopped } from '../stopped.ts'
import type { RunHook } from './hook.ts'

export const thresholds: RunHook = {
  name: 'thresholds',
  async after({ phase, step, groups }, run) {
    const { record, folder } = run
    const asked = record.spec.threshold ?? []
    if (phase !== 'send' || step == null || step.warmup || groups != null || asked.length === 0) return
    run.toolReadings.push(
      await readTools(
        folder.root,
        step,
        record.roster.map(({ name }) => name),
        askedOfTools(record.spec)
      )
    )
    const [lost] = lostThresholds(record, run.toolReadings)
    if (lost == null) return
    const why = `${describeDecision(lost, asked[lost.threshold] as Threshold)}; no further sample can mend it`
    run.cancel(new Stopped('threshold', cutText(why)))
  }
}
