/**
 * The samples of a run held against its spec and against what was measured: those that its certificates name are those that were due, one
 * after the other, and the record tells of its iterations what its results say.
 */
import type { CheckedCertificate } from '../certificate.ts'
import { RECORD_FILE, stepFolder } from '../layout.ts'
import { dueSamples } from '../matrix/due-samples.ts'
import { outcomeOf, summarize } from '../matrix/iteration-summary.ts'
import type { Step } from '../phase.ts'
import type { RunRecord } from '../record.ts'
import { kneeOf } from '../tasks/knee.ts'
import { same } from './proven-run.ts'
import type { Fault } from './report.ts'

/** @param certificates in the order of their phases; their results are those of the record */
export function checkSamples(record: RunRecord, certificates: CheckedCertificate[]): Fault[] {
  const { spec, workload, verdict, iterations, knee, resumes } = record
  const wrong = (what: string) => ({ where: RECORD_FILE, what })
  const summary = same(iterations ?? null, summarize(spec, workload, resumes?.taken) ?? null)
    ? []
    : [wrong('what it tells of its iterations is not what its results say')]
  if (!same(knee ?? null, kneeOf(spec, workload, resumes?.taken) ?? null))
    summary.push(wrong('what it tells of its search is not what its results say'))
  // a full disk may have kept certificates from being written: the seal names them
  if (verdict === 'failed') return summary
  const [served, taken] = [samplesIn(certificates, true), samplesIn(certificates, false)]
  const hasServers = verdict === 'ok' && spec.workload.some(({ role }) => role === 'server')
  const unserved = hasServers ? [...taken].find(each => !served.has(each)) : undefined
  if (unserved != null)
    summary.push(wrong(`its verdict is ok, and the servers of the sample ${unserved} have no certificate`))
  const results = Map.groupBy(workload, ({ step }) => stepFolder(step))
  const measured = (step: Step) => outcomeOf(results.get(stepFolder(step)) ?? [], spec)
  const due = dueSamples(spec, measured, resumes?.taken)
  const isWhole = verdict === 'ok'
  for (const each of taken) {
    const next = due.next()
    if (!next.done && stepFolder(next.value) === each) continue
    const expected = next.done ? 'no further sample was due' : `${stepFolder(next.value)} was due`
    return [...summary, wrong(`there is a certificate of the sample ${each}, and ${expected}`)]
  }
  const next = isWhole ? due.next() : undefined
  if (next == null || next.done) return summary
  return [...summary, wrong(`its verdict is ok, and the sample ${stepFolder(next.value)} has no certificate`)]
}

/** @returns the folders of the samples in which servers were started, or in which was measured, in their order */
const samplesIn = (certificates: CheckedCertificate[], isServed: boolean): Set<string> =>
  new Set(
    certificates.flatMap(({ value }) =>
      value?.phase === 'work' && value.step != null && (value.part === 'servers') === isServed
        ? [stepFolder(value.step)]
        : []
    )
  )
