/** The samples of a record held against its spec. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { CheckedCertificate } from '../../../protocols/certificate.ts'
import type { Certificate, Step } from '../../../protocols/phase.ts'
import type { RunRecord } from '../../../protocols/record.ts'
import { checkSamples } from '../../../protocols/verify/sample-check.ts'
import { specOf } from '../samples.ts'

const test = suite('samples of a record')

const step = (sample: number, warmup?: true): Step => ({
  number: 1,
  name: 'default',
  sample,
  ...(warmup ? { warmup } : {})
})
const work = (at: Step): CheckedCertificate => ({
  value: { phase: 'work', step: at, verdict: 'met' } as Certificate,
  ...{ acks: [], signatures: 1, faults: [] }
})
const result = (at: Step, exit = 0) => ({ step: at, exit, duration: 1, timedOut: false })

function faultsOf(given: object, steps: Array<[Step, exit?: number]>, more: Partial<RunRecord> = {}): string[] {
  const workload = steps.map(([at, exit]) => result(at, exit))
  const record = { spec: specOf(given), workload, verdict: 'ok', ...more } as RunRecord
  return checkSamples(
    record,
    steps.map(([at]) => work(at))
  ).map(({ what }) => what)
}

const iterations = [{ number: 1, name: 'default', samples: 3, failed: 1 }]
const cases: Array<
  [
    what: string,
    given: object,
    steps: Array<[Step, exit?: number]>,
    more: Partial<RunRecord>,
    fault: RegExp | undefined
  ]
> = [
  ['all samples', { samples: 2 }, [[step(1)], [step(2)]], {}, undefined],
  ['two workloads of one sample', { samples: 1 }, [[step(1)], [step(1)]], {}, undefined],
  ['warm-ups and samples', { warmup: 1 }, [[step(1, true)], [step(1)]], {}, undefined],
  [
    'a failed sample and its repeat',
    { samples: 2, max_sample_failures: 1 },
    [[step(1), 3], [step(2)], [step(3)]],
    { iterations },
    undefined
  ],
  ['too few for a run that is ok', { samples: 2 }, [[step(1)]], {}, /the sample 1-default\/sample2 has no certificate/],
  ['too few for a run that was cancelled', { samples: 2 }, [[step(1)]], { verdict: 'cancelled' }, undefined],
  [
    'one too many',
    { samples: 1 },
    [[step(1)], [step(2)]],
    {},
    /certificate of the sample 1-default\/sample2, and no further sample was due/
  ],
  [
    'another order',
    { samples: 2 },
    [[step(2)], [step(1)]],
    {},
    /of the sample 1-default\/sample2, and 1-default\/sample1 was due/
  ],
  ['a warm-up that was left out', { warmup: 1 }, [[step(1)]], {}, /and 1-default\/warmup1 was due/],
  [
    'a repeat that was left out',
    { samples: 2, max_sample_failures: 1 },
    [[step(1), 3], [step(2)]],
    { iterations: [{ ...iterations[0], samples: 2 }] as typeof iterations },
    /1-default\/sample3 has no certificate/
  ],
  [
    'a failure that its summary leaves out',
    { samples: 2, max_sample_failures: 1 },
    [[step(1), 3], [step(2)], [step(3)]],
    { iterations: [{ ...iterations[0], failed: 0 }] as typeof iterations },
    /its iterations is not what its results say/
  ],
  [
    'the rest of another run',
    { samples: 2 },
    [[step(2)]],
    { resumes: { run: 'r', record: 'd', taken: [{ step: step(1), failed: false }], before: 0 } },
    undefined
  ]
]
for (const [what, given, steps, more, fault] of cases) {
  test(`${what}: ${fault == null ? 'good' : 'a fault'}`, () => {
    const found = faultsOf(given, steps, more)
    if (fault == null) assert.equal(found, [])
    else assert.match(found.join('\n'), fault)
  })
}

test.run()
