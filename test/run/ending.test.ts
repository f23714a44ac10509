/** Why a run and a phase ended as they did, in words. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { endingOfWorkload, whyFailed } from '../../node/run/ending.ts'
import type { Closed } from '../../node/run/open-phase.ts'
import type { WorkloadResult } from '../../protocols/phase.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { specOf } from '../protocols/samples.ts'

const endings = suite('endings')

const step = { number: 1, name: 'x', sample: 1 }
const result = (change: Partial<WorkloadResult>) => ({ step, duration: 1, timedOut: false, ...change })
const WORKLOADS: Array<[Partial<WorkloadResult>, string | undefined]> = [
  [{ exit: 0 }, undefined],
  [{ exit: 7 }, 'exit 7 in 1-x/sample1'],
  [{ signal: 'SIGTERM' }, 'ended by SIGTERM in 1-x/sample1'],
  [{ signal: '34' }, 'ended by signal 34 in 1-x/sample1'],
  [{ signal: 'SIGKILL', timedOut: true }, 'ended at its deadline of 2 s (ended by SIGKILL) in 1-x/sample1'],
  [{ exit: 0, timedOut: true }, 'ended at its deadline of 2 s (exit 0) in 1-x/sample1'],
  [{ exit: 0, error: 'disk is full' }, 'exit 0 in 1-x/sample1: disk is full']
]
for (const [change, reason] of WORKLOADS) {
  endings(`of a workload: ${reason ?? 'ok'}`, () => {
    const workload = [result({ exit: 0 }), result(change)]
    const record = { workload, spec: specOf({ policy: { timeout: 2 } }) } as unknown as RunRecord
    assert.equal(endingOfWorkload(record), reason == null ? { verdict: 'ok' } : { verdict: 'workload-failed', reason })
  })
}

const missing = { peer: 'p', name: 'c', code: 'timeout' as const, reason: 'it did not answer within 5 s' }
const PHASES: Array<[Partial<Closed>, asked: number, needed: number, string | undefined]> = [
  [{ verdict: 'met', missing: [missing] }, 3, 2, undefined],
  [{ missing: [missing] }, 3, 3, 'c: it did not answer within 5 s'],
  [{ missing: [] }, 2, 3, '3 answers are needed, and 2 members were asked'],
  [{ missing: [] }, 1, 2, '2 answers are needed, and one member was asked'],
  [{ missing: [] }, 3, 3, 'it was ended before all had answered']
]
for (const [change, asked, needed, reason] of PHASES) {
  endings(`of a phase: ${reason ?? 'met'}`, () => {
    const closed: Closed = { verdict: 'failed', acks: [], missing: [], took: 1, ...change }
    assert.is(whyFailed(closed, asked, needed), reason)
  })
}

endings.run()
