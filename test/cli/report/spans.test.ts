/** When what happened in a run, as its report shows it. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type AnsweredPhase, beginOf, endOf, phaseSpans, type Told, windowsIn } from '../../../cli/report/spans.ts'
import type { EventBody, StoredEvent } from '../../../protocols/events.ts'
import type { RosterEntry } from '../../../protocols/manifest.ts'
import type { Ack } from '../../../protocols/phase.ts'
import type { WorkEntry } from '../../../protocols/work-entry.ts'

const test = suite('times of a report')

const T = 1_000_000
const step = { number: 1, name: '4k', sample: 1 }
const second = { number: 2, name: '64k', sample: 1 }
const roster = [
  { peer: 'P1', name: 'a' },
  { peer: 'P2', name: 'b' }
] as RosterEntry[]

const eventAt = (seconds: number, body: object): StoredEvent =>
  ({ n: 0, at: T + 1000 * seconds, ...body }) as EventBody & { n: number; at: number }

const ackAt = (by: string, from: number, to: number, more: Partial<Ack> = {}) => ({
  by,
  value: { outcome: 'ok', received: T + 1000 * from, done: T + 1000 * to, ...more } as Ack
})

const phaseOf = (phase: string, closed: number, acks: AnsweredPhase['acks'], more: object = {}): AnsweredPhase =>
  ({ phase, closed: T + 1000 * closed, acks, excluded: [], ...more }) as unknown as AnsweredPhase

const told = ({ workload = [], ...more }: { workload?: object[] } & Partial<Told> = {}): Told => ({
  record: { roster, workload: workload as WorkEntry[], created: T - 60_000, ended: T + 20_000 },
  events: [],
  phases: [],
  ...more
})

test('the time before the first phase, in which members were waited for, takes no room', () => {
  const events = [eventAt(-50, { type: 'waiting' }), eventAt(0, { type: 'phase-open', phase: 'join', seq: 1 })]
  assert.is(beginOf(told({ events })), T)
  assert.is(beginOf(told()), T - 60_000, 'of a run without a journal')
})

test('a run that did not end is told up to the last that is known of it', () => {
  const run = told({ events: [eventAt(30, { type: 'warning', text: 'x' })] })
  assert.is(endOf({ ...run, record: { ...run.record, ended: undefined } }), T + 30_000)
})

test('a member is in a phase from the command to its answer, and one that failed says why', () => {
  const phases = [
    phaseOf('init', 3, [
      ackAt('P1', 1, 2),
      ackAt('P2', 1, 3, { outcome: 'failed', code: 'tool-failed', reason: 'no perf' })
    ]),
    phaseOf('start', 5, [ackAt('P1', 4, 5), ackAt('P9', 4, 5)], { step })
  ]
  assert.equal(phaseSpans(told({ phases }), T), [
    { member: 0, phase: 'init', from: 1, to: 2, outcome: 'ok', label: 'init' },
    { member: 1, phase: 'init', from: 1, to: 3, outcome: 'failed', label: 'init: tool-failed, no perf' },
    { member: 0, phase: 'start', from: 4, to: 5, outcome: 'ok', label: 'start of 1-4k/sample1' }
  ])
})

test('a member that gave no answer is excluded in the phase that it missed', () => {
  const excluded = [{ peer: 'P2', name: 'b', phase: 'stop', code: 'lost', reason: 'silent' }]
  const phases = [phaseOf('stop', 9, [ackAt('P1', 4, 5)], { step, excluded })]
  assert.equal(phaseSpans(told({ phases }), T)[1], {
    ...{ member: 1, phase: 'stop', from: 4, to: 9, outcome: 'excluded' },
    label: 'stop of 1-4k/sample1: lost, silent'
  })
})

test('work of a command is from its start to its end', () => {
  const events = [
    eventAt(2, { type: 'phase-open', phase: 'work', step }),
    eventAt(3, { type: 'workload-started', step }),
    eventAt(8, { type: 'workload-ended', step }),
    eventAt(9, { type: 'phase-closed', phase: 'work', step })
  ]
  assert.equal(windowsIn(told({ events }), [{ number: 1 }], T), [
    { kind: 'work', label: '1-4k/sample1', iteration: 0, sample: 1, warmup: false, from: 3, to: 8 }
  ])
})

test('work of workloads is from the first client that began to the last that ended, whatever servers do', () => {
  const workload = [
    { step, role: 'server', member: 'a', began: T, duration: 19_000 },
    { step, role: 'client', member: 'a', began: T + 4000, duration: 5000 },
    { step, role: 'client', member: 'b', began: T + 5000, duration: 6000 },
    { step: second, role: 'server', member: 'a', began: T + 12_000, duration: 3000 }
  ]
  const windows = windowsIn(told({ workload }), [{ number: 1 }, { number: 2 }], T)
  assert.equal(
    windows.map(({ label, from, to }) => [label, from, to]),
    [
      ['1-4k/sample1', 4, 11],
      ['2-64k/sample1', 12, 15]
    ]
  )
})

test('a period is from its begin to the next end of the same name by the same instance; one without an end lasts as long as the work', () => {
  const period = (seconds: number, name: string, edge: string, by = 'load on a') =>
    eventAt(seconds, { type: 'period', step, by, name, edge, when: T + 1000 * seconds, bound: 1 })
  const events = [
    eventAt(3, { type: 'workload-started', step }),
    period(4, 'warm', 'begin'),
    period(4.5, 'warm', 'begin', 'load on b'),
    period(5, 'warm', 'end'),
    period(6, 'main', 'begin'),
    period(6.5, 'other', 'end'),
    eventAt(8, { type: 'workload-ended', step })
  ]
  const windows = windowsIn(told({ events }), [{ number: 1 }], T).filter(({ kind }) => kind === 'period')
  assert.equal(
    windows.map(({ label, from, to }) => [label, from, to]),
    [
      ['warm of load on a', 4, 5],
      ['warm of load on b', 4.5, 8],
      ['main of load on a', 6, 8]
    ]
  )
})

test('windows of triggers are periods of their groups', () => {
  const run = told()
  const triggered = [{ group: 'net', sample: 2, start: T + 1000, stop: T + 2000 }]
  assert.equal(windowsIn({ ...run, record: { ...run.record, triggered } }, [], T), [
    { kind: 'period', label: 'tools of net, sample2', sample: 2, from: 1, to: 2 }
  ])
})

test.run()
