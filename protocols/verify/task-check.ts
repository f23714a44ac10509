/** The tasks of a run held against its certificates: each part of them has one, in the order of the schedule, and no element is left out. */
import type { CheckedCertificate } from '../certificate.ts'
import { asBakError } from '../errors.ts'
import { CERTIFICATES_FOLDER, stepFolder } from '../layout.ts'
import { type Certificate, isTaskPart } from '../phase.ts'
import type { RunRecord } from '../record.ts'
import { taskPartsOf } from '../tasks/parts.ts'
import type { Fault } from './report.ts'

/** @param certificates in the order of their phases */
export function checkTasks(
  { spec, verdict }: Pick<RunRecord, 'spec' | 'verdict'>,
  certificates: CheckedCertificate[]
): Fault[] {
  // a full disk may have kept certificates from being written: the seal names them
  if (verdict === 'failed') return []
  const found = certificates.flatMap(({ value }) => (value != null && isOfTasks(value) ? [value] : []))
  const samples = Map.groupBy(found, ({ step }) => (step == null ? '' : stepFolder(step)))
  return [...samples].flatMap(([sample, parts]) => {
    const params = spec.iterations[(parts[0]?.step?.number ?? 0) - 1]?.params
    const what = faultIn(
      parts,
      () => taskPartsOf(spec, params).map(({ part, element }) => labelOf(part, element?.number)),
      verdict
    )
    return what == null ? [] : [{ where: CERTIFICATES_FOLDER, what: `${sample}: ${what}` }]
  })
}

const isOfTasks = ({ phase, part }: Certificate) => phase === 'work' && isTaskPart(part)

/** After a failure only the teardown follows. */
function faultIn(found: Certificate[], plan: () => string[], verdict: RunRecord['verdict']): string | undefined {
  try {
    const due = plan()
    const parts = found.map(({ part = '', element }) => labelOf(part, element))
    const wasCut = verdict !== 'ok' && parts.length < due.length
    const known = wasCut && parts.at(-1) === 'teardown' ? parts.slice(0, -1) : parts
    const at = known.findIndex((each, i) => each !== due[i])
    if (at >= 0)
      return `there is a certificate of ${known[at]}, and ${due[at] ?? 'no further part of its tasks'} was due`
    return verdict === 'ok' && known.length < due.length ? `there is no certificate of ${due[known.length]}` : undefined
  } catch (cause) {
    return asBakError(cause).message
  }
}

const labelOf = (part: string, element?: number) => (element == null ? part : `${part} ${element}`)
