/** Whether each window of a trigger was measured: the tools of its group started, and nothing else did within a sample. */
import type { CheckedCertificate } from '../certificate.ts'
import { RECORD_FILE, stepFolder } from '../layout.ts'
import type { RunRecord } from '../record.ts'
import type { Fault } from './report.ts'

/** @param certificates in the order of their phases; the windows of the record are those that were answered */
export function checkWindows({ verdict, triggered = [] }: RunRecord, certificates: CheckedCertificate[]): Fault[] {
  const started = certificates.flatMap(({ value }) => {
    const { phase, groups, step } = value ?? {}
    return phase === 'start' && groups != null && step != null ? groups.map(group => ({ group, step })) : []
  })
  const wrong = (what: string) => ({ where: RECORD_FILE, what })
  const unasked = started.find(
    ({ group, step }) => !triggered.some(each => each.group === group && each.sample === step.sample)
  )
  const unmeasured = triggered.find(
    ({ group, sample }) => !started.some(each => each.group === group && each.step.sample === sample)
  )
  return [
    ...(unasked == null
      ? []
      : [wrong(`tools of ${unasked.group} started in ${stepFolder(unasked.step)}, where no output said so`)]),
    ...(verdict !== 'ok' || unmeasured == null
      ? []
      : [
          wrong(
            `its verdict is ok, and the tools of ${unmeasured.group} did not start for its window ${unmeasured.sample}`
          )
        ])
  ]
}
