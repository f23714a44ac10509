/** Windows of triggers held against what was signed. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { CheckedCertificate, Evidence } from '../../../protocols/certificate.ts'
import type { Ack, Certificate } from '../../../protocols/phase.ts'
import type { RunRecord } from '../../../protocols/record.ts'
import type { Edge } from '../../../protocols/trigger.ts'
import { differencesOf, provenRun } from '../../../protocols/verify/proven-run.ts'
import { checkWindows } from '../../../protocols/verify/trigger-check.ts'
import { manifest } from '../samples.ts'

const test = suite('windows of triggers in a record')

const { controller } = manifest
const step = (sample: number) => ({ number: 1, name: 'default', sample })
const certificate = (value: Partial<Certificate>, ack: Partial<Ack> = {}, by = controller): CheckedCertificate => ({
  value: { verdict: 'met', excluded: [], ...value } as unknown as Certificate,
  acks: [{ by, value: ack as Ack }],
  ...{ signatures: 1, faults: [] }
})
const edge = (what: Edge['what'], sample: number, at: number): Edge => ({ group: 'db', what, sample, at })
const work = (edges: Edge[], more: Partial<Ack> = {}) =>
  certificate({ phase: 'work', step: step(1) }, { edges, ...more })
const start = (sample: number) => certificate({ phase: 'start', step: step(sample), groups: ['db'] })
const result = { exit: 0, duration: 1, timedOut: false }

const certificates = [
  work([edge('start', 1, 10)]),
  start(1),
  work([edge('stop', 1, 20), edge('start', 2, 30)]),
  start(2),
  work([], { workload: result })
]
const triggered = [
  { group: 'db', sample: 1, start: 10, stop: 20 },
  { group: 'db', sample: 2, start: 30 }
]
const evidence = { manifest: { value: manifest } } as unknown as Evidence

test('are those that the controller answered', () => {
  const proven = provenRun(evidence, certificates)
  assert.equal(proven.triggered, triggered)
  assert.equal(proven.workload, [{ step: step(1), ...result }])
  const record = { ...proven, excluded: proven.excluded } as unknown as RunRecord
  assert.equal(differencesOf(record, proven), [])
  const told = differencesOf({ ...record, triggered: triggered.slice(1) }, proven)
  assert.match(told[0]?.what ?? '', /the windows in which tools of groups ran are not those that were answered/)
  assert.is(differencesOf({ ...record, triggered: undefined } as unknown as RunRecord, proven).length, 1)
})

test('of another member count for nothing where all are asked, nor those within a window', () => {
  const strange = [
    certificate({ phase: 'stop', step: step(1) }, { edges: [edge('start', 1, 1)] }, 'somebody'),
    certificate({ phase: 'stop', step: step(1), groups: ['db'] }, { edges: [edge('start', 1, 1)] })
  ]
  assert.is(provenRun(evidence, strange).triggered, undefined)
})

test('a command that stop cut short is in the answer to that', () => {
  const cut = certificate({ phase: 'stop', step: step(1) }, { edges: [], workload: { ...result, exit: undefined } })
  assert.is(provenRun(evidence, [cut]).workload.length, 1)
})

const faults = (verdict: RunRecord['verdict'], windows: typeof triggered, all: CheckedCertificate[]) =>
  checkWindows({ verdict, triggered: windows } as unknown as RunRecord, all).map(({ what }) => what)

test('have each a start of the tools of their group, and no other tools started', () => {
  assert.equal(faults('ok', triggered, certificates), [])
  assert.match(faults('ok', triggered, [start(1)]).join(), /the tools of db did not start for its window 2/)
  assert.equal(faults('cancelled', triggered, [start(1)]), [])
  assert.match(
    faults('cancelled', triggered.slice(0, 1), certificates).join(),
    /tools of db started in 1-default\/sample2, where no output said so/
  )
})

test.run()
