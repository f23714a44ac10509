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

const spec = (on_failed_workload: string) =>
  specOf({
    command: undefined,
    workload: [
      { name: 'c', command: ['x'], instances: 2, timeout: 3 },
      { name: 's', role: 'server', command: ['x'] }
    ],
    policy: { on_failed_workload, timeout: 9 }
  })
const of = (change: object) => ({ ...result({}), member: 'm', name: 'c', instance: 2, role: 'client', ...change })
const served = { name: 's', instance: 1, role: 'server' }
const INSTANCES: Array<[object[], string | undefined]> = [
  [[of({ exit: 0 }), of({ signal: 'SIGTERM', stopped: true })], undefined],
  [[of({ exit: 7 })], 'c.2 on m: exit 7, in 1-x/sample1'],
  [
    [of({ exit: 0 }), of({ exit: 7 }), of({ exit: 8 }), of({ exit: 9 })],
    'c.2 on m: exit 7, in 1-x/sample1; 3 failed in all'
  ],
  [
    [of({ signal: 'SIGTERM', timedOut: true })],
    'c.2 on m: ended at its deadline of 3 s (ended by SIGTERM), in 1-x/sample1'
  ],
  [[of({ error: 'x: not found' })], 'c.2 on m: not started: x: not found, in 1-x/sample1'],
  [[of({ ...served, exit: 0 })], 's on m: exit 0 before it was stopped, in 1-x/sample1'],
  [[of({ ...served, exit: 1, stopped: true })], undefined],
  [[of({ ...served, exit: 1, stopped: true, error: 'disk is full' })], 's on m: exit 1: disk is full, in 1-x/sample1']
]
for (const [workload, reason] of INSTANCES) {
  endings(`of workloads of members: ${reason ?? 'ok'}`, () => {
    const ending = (policy: string) => endingOfWorkload({ workload, spec: spec(policy) } as unknown as RunRecord)
    for (const policy of ['finish', 'stop'])
      assert.equal(ending(policy), reason == null ? { verdict: 'ok' } : { verdict: 'workload-failed', reason })
    assert.equal(ending('ignore'), { verdict: 'ok' })
  })
}
endings('a command that fails beside servers is no failure that is ignored', () => {
  const record = { workload: [result({ exit: 7 })], spec: spec('ignore') } as unknown as RunRecord
  assert.is(endingOfWorkload(record).verdict, 'workload-failed')
})

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
