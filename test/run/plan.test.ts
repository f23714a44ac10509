import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isLegal, type State, stateAfter, states } from '../../node/agent/states.ts'
import { describePhase, isSameStep, openAfter, type PlannedPhase, phasesOf, planOf } from '../../node/run/plan.ts'
import { type Phase, phases } from '../../protocols/fields.ts'
import { stepFolder } from '../../protocols/layout.ts'
import { plannedSamples } from '../../protocols/matrix/due-samples.ts'
import { specOf } from '../protocols/samples.ts'

const test = suite('the plan of a run')

const anySpec = fc
  .record({
    iterations: fc.array(
      fc.stringMatching(/^[a-z]{1,3}$/).map(name => ({ name })),
      { minLength: 1, maxLength: 4 }
    ),
    samples: fc.integer({ min: 1, max: 3 }),
    sysinfo: fc.constantFrom('default', 'none')
  })
  .map(specOf)

/** @returns the state that a member is in after these phases; undefined if it refused one */
function endOf(plan: Array<Pick<PlannedPhase, 'phase' | 'groups' | 'when'>>): State | undefined {
  let state: State = 'new'
  for (const each of plan) {
    if (!isLegal(each, state)) return undefined
    state = stateAfter(each, state)
  }
  return state
}

test('a run of one sample has these phases', () => {
  assert.equal(planOf(specOf()).map(describePhase), [
    'join',
    'stage',
    'sysinfo begin',
    'init',
    'start 1-default/1',
    'work 1-default/1',
    'stop 1-default/1',
    'send 1-default/1',
    'end',
    'sysinfo end',
    'terminate'
  ])
})

const server = { name: 's', role: 'server', command: ['x'] }
const client = { name: 'c', command: ['x'] }
const works: Array<
  [title: string, spec: object, rows: Array<[who: string, part: string | undefined, deadline: number]>]
> = [
  ['a command', {}, [['controller', undefined, 0]]],
  ['clients', { command: undefined, workload: [client] }, [['members', 'clients', 0]]],
  [
    'clients with a timeout',
    { command: undefined, workload: [{ ...client, timeout: 7 }] },
    [['members', 'clients', 37_000]]
  ],
  [
    'servers and clients',
    { command: undefined, workload: [client, server], policy: { phase_timeout: 5 } },
    [
      ['members', 'servers', 35_000],
      ['members', 'clients', 0]
    ]
  ],
  [
    'servers and a command',
    { workload: [{ ...server, ready: { after: 90, timeout: 2 } }] },
    [
      ['members', 'servers', 120_000],
      ['controller', undefined, 0]
    ]
  ]
]
for (const [title, spec, rows] of works) {
  test(`the work of a sample with ${title} is ${rows.length === 1 ? 'a phase' : 'two phases'}, between start and stop`, () => {
    const plan = planOf(specOf(spec))
    const found = plan.filter(({ phase }) => phase === 'work')
    assert.equal(
      found.map(({ who, part, deadline }) => [who, part, deadline]),
      rows
    )
    const first = plan.indexOf(found[0] as PlannedPhase)
    assert.equal([plan[first - 1]?.phase, plan[first + rows.length]?.phase], ['start', 'stop'])
    assert.is(endOf(plan), 'gone')
  })
}

const job = { name: 'build', script: 'true' }
const graphs: Array<[title: string, spec: object, before: string[], rows: string[]]> = [
  ['jobs that are measured', { command: undefined, job: [job] }, [], ['work jobs 1-default/1']],
  ['setup jobs', { job: [{ ...job, role: 'setup' }] }, ['work jobs begin'], ['work 1-default/1']],
  [
    'setup jobs whose outputs are staged',
    { job: [{ ...job, role: 'setup', outputs: ['a'] }], stage_outputs: [{ job: 'build', output: 'a' }] },
    ['work jobs begin', 'stage begin'],
    ['work 1-default/1']
  ]
]
for (const [title, spec, before, rows] of graphs)
  test(`${title} are rows without a deadline, each legal where it stands`, () => {
    const plan = planOf(specOf(spec))
    const said = plan.map(describePhase)
    assert.equal(said.slice(2, 2 + before.length + 1), [...before, 'sysinfo begin'])
    const start = said.indexOf('start 1-default/1')
    assert.equal(said.slice(start + 1, start + 2), rows)
    for (const each of plan.filter(({ part }) => part === 'jobs'))
      assert.equal([each.who, each.deadline, each.always], ['members', 0, undefined])
    assert.is(endOf(plan), 'gone')
  })

test('report jobs stand behind the last sysinfo, and only where all went well', () => {
  const plan = planOf(specOf({ job: [{ ...job, role: 'report' }] }))
  assert.equal(plan.map(describePhase).slice(-3), ['sysinfo end', 'work jobs end', 'terminate'])
  assert.is(plan.at(-2)?.always, undefined)
  assert.is(endOf(plan), 'gone')
})

const http = (name: string, more: object = {}) => ({
  name,
  operation: { type: 'http', url: 'http://127.0.0.1/', timeout: 5 },
  ...more
})
const loads: Array<[title: string, spec: object, rows: Array<[label: string, deadline: number]>]> = [
  [
    'one task without an end in time',
    { task: [http('a')] },
    [
      ['prepare', 70_000],
      ['tasks 1', 0]
    ]
  ],
  [
    'tasks with periods, a ramp-up and a limit of the policy',
    {
      policy: { timeout: 60 },
      task: [
        http('a', { time_period: 20, warmup_time_period: 4, ramp_up_time_period: 2 }),
        http('b', { time_period: 90 })
      ]
    },
    [
      ['prepare', 70_000],
      ['tasks 1', 61_000],
      ['tasks 2', 90_000]
    ]
  ],
  [
    'a task that completes the others',
    {
      parallel: [{ name: 'p', completed_by: 'b' }],
      task: [http('a', { parallel: 'p', time_period: 100 }), http('b', { parallel: 'p', time_period: 10 }), http('c')]
    },
    [
      ['prepare', 70_000],
      ['tasks 1', 45_000],
      ['complete 1', 35_000],
      ['tasks 2', 0]
    ]
  ],
  [
    'the end of any that completes the others',
    {
      parallel: [{ name: 'p', completed_by: 'any' }],
      task: [http('a', { parallel: 'p' }), http('b', { parallel: 'p', time_period: 10 })]
    },
    [
      ['prepare', 70_000],
      ['tasks 1', 45_000],
      ['complete 1', 35_000]
    ]
  ],
  [
    'clients that take turns',
    {
      parallel: [{ name: 'p', clients: 1 }],
      task: [http('a', { parallel: 'p', time_period: 10 }), http('b', { parallel: 'p', time_period: 10 })]
    },
    [
      ['prepare', 70_000],
      ['tasks 1', 60_000]
    ]
  ],
  [
    'something to prepare, to set up and to tear down',
    {
      operation: [
        { name: 'fill', type: 'command', command: ['fill'], timeout: 100 },
        { name: 'drop', type: 'command', command: ['drop'], timeout: 0 }
      ],
      load: { prepare: ['fill', 'fill'], setup: ['fill'], teardown: ['drop'], probe_timeout: 10 },
      task: [http('a')]
    },
    [
      ['prepare', 240_000],
      ['setup', 130_000],
      ['tasks 1', 0],
      ['teardown', 0]
    ]
  ]
]
for (const [title, spec, rows] of loads) {
  test(`the work of a sample with ${title} is a phase for each of its parts, with time for it`, () => {
    const plan = planOf(specOf({ command: undefined, ...spec }))
    const work = plan.filter(({ phase }) => phase === 'work')
    assert.equal(
      work.map(({ part, element, deadline }) => [element == null ? part : `${part} ${element}`, deadline]),
      rows
    )
    assert.ok(work.every(({ who }) => who === 'members'))
    assert.equal([...new Set(work.map(({ always }) => always))].length, rows.at(-1)?.[0] === 'teardown' ? 2 : 1)
    assert.is(endOf(plan), 'gone')
    assert.is(plan.find(({ phase }) => phase === 'stop')?.deadline, 90_000)
    assert.equal(
      work.filter(({ first }) => first).map(({ part }) => part),
      title.includes('of any') ? ['tasks'] : []
    )
  })
}

test('tasks run beside servers, and a parameter of an iteration that sets a key of a task changes its deadline', () => {
  const iterations = [{ name: 'short' }, { name: 'long', params: { 'a.time_period': '100' } }]
  const spec = { command: undefined, workload: [server], iterations, task: [http('a', { time_period: 10 })] }
  const work = planOf(specOf(spec)).filter(({ phase }) => phase === 'work')
  assert.equal(work.map(describePhase).slice(0, 3), [
    'work servers 1-short/1',
    'work prepare 1-short/1',
    'work tasks 1 1-short/1'
  ])
  assert.equal(
    work.filter(({ part }) => part === 'tasks').map(({ deadline }) => deadline),
    [45_000, 135_000]
  )
})

test('every phase of the protocol is in the plan, in the order in which they first appear', () => {
  assert.equal([...new Set(planOf(specOf()).map(({ phase }) => phase))], [...phases])
  fc.assert(
    fc.property(anySpec, spec => {
      const planned = new Set(planOf(spec).map(({ phase }) => phase))
      const expected = phases.filter(phase => phase !== 'sysinfo' || spec.sysinfo !== 'none')
      assert.equal([...planned], expected)
    })
  )
})

test('candidates are asked to join, the controller alone works, and even the excluded are terminated', () => {
  fc.assert(
    fc.property(anySpec, spec => {
      const special: Partial<Record<Phase, PlannedPhase['who']>> = {
        ...{ join: 'candidates', work: 'controller', terminate: 'everyone' }
      }
      for (const at of planOf(spec)) assert.is(at.who, special[at.phase] ?? 'members', describePhase(at))
    })
  )
})

test('of a sample that had begun stop and send happen in any case, of the run its end, the last sysinfo and terminate', () => {
  fc.assert(
    fc.property(anySpec, spec => {
      const always: Partial<Record<Phase, PlannedPhase['always']>> = {
        ...{ stop: 'sample', send: 'sample', end: 'run', terminate: 'run' }
      }
      for (const at of planOf(spec)) {
        const expected = at.when === 'end' ? 'run' : always[at.phase]
        assert.is(at.always, expected, describePhase(at))
      }
    })
  )
})

test('deadlines are those of the policy, in ms; a workload has none, and only stop waits for members to return', () => {
  const policy = { join_timeout: 7, phase_timeout: 11, send_timeout: 13, send_limit: 17 }
  const plan = planOf(specOf({ policy, samples: 2 }))
  const own: Partial<Record<Phase, number>> = { join: 7_000, send: 13_000, end: 13_000, work: 0 }
  for (const at of plan) assert.is(at.deadline, own[at.phase] ?? 11_000, describePhase(at))
  for (const at of plan) assert.is(at.limit, ['send', 'sysinfo', 'end'].includes(at.phase) ? 17_000 : undefined)
  for (const at of plan) assert.is(at.grace, at.phase === 'stop' ? 5_000 : 0, describePhase(at))
})

test('phases of a sample name it, and snapshots when they are taken; others name nothing', () => {
  fc.assert(
    fc.property(anySpec, spec => {
      for (const { phase, step, when } of planOf(spec)) {
        assert.is(step != null, ['start', 'work', 'stop', 'send'].includes(phase))
        assert.is(when != null, phase === 'sysinfo')
      }
    })
  )
})

test('after a start that was met the workload is under way, whether anybody else hears of it or not', () => {
  assert.is(openAfter({ phase: 'start', verdict: 'met' }), 'work')
  assert.is(openAfter({ phase: 'start', verdict: 'failed' }), 'start')
  for (const phase of phases) if (phase !== 'start') assert.is(openAfter({ phase, verdict: 'met' }), phase)
})

test('without sysinfo there are two fewer', () => {
  assert.not.ok(planOf(specOf({ sysinfo: 'none' })).some(({ phase }) => phase === 'sysinfo'))
  assert.is(planOf(specOf({ sysinfo: 'none' })).length, planOf(specOf()).length - 2)
})

test('each sample of each iteration is a step, in order, with a folder of its own', () => {
  assert.equal(
    plannedSamples(specOf({ iterations: [{ name: 'read' }, { name: 'write' }], samples: 2 })).map(stepFolder),
    ['1-read/sample1', '1-read/sample2', '2-write/sample1', '2-write/sample2']
  )
  fc.assert(
    fc.property(anySpec, spec => {
      const steps = plannedSamples(spec)
      assert.is(new Set(steps.map(stepFolder)).size, spec.iterations.length * spec.samples)
      for (const one of steps) for (const other of steps) assert.is(isSameStep(one, other), one === other)
      assert.not(isSameStep(undefined, undefined))
    })
  )
})

test('a member that takes part in a whole run refuses nothing and is gone at its end', () => {
  fc.assert(fc.property(anySpec, spec => assert.is(endOf(planOf(spec)), 'gone')))
})

test('two neighbours in the other order are refused, but for send after end, where what was not sent may still be', () => {
  fc.assert(
    fc.property(anySpec, spec => {
      const plan = planOf(spec)
      for (let i = 0; i + 1 < plan.length; i++) {
        const [one, other] = [plan[i] as PlannedPhase, plan[i + 1] as PlannedPhase]
        const swapped = [...plan.slice(0, i), other, one, ...plan.slice(i + 2)]
        const expected = one.phase === 'send' && other.phase === 'end' ? 'gone' : undefined
        assert.is(endOf(swapped), expected, `${describePhase(other)} before ${describePhase(one)}`)
      }
    })
  )
})

test('a phase that comes twice is refused, but for those that leave the state as it is', () => {
  fc.assert(
    fc.property(anySpec, spec => {
      const plan = planOf(spec)
      for (const [i, each] of plan.entries()) {
        const twice = [...plan.slice(0, i), each, ...plan.slice(i)]
        const harmless = ['sysinfo', 'work', 'stop', 'send'].includes(each.phase)
        assert.is(endOf(twice), harmless ? 'gone' : undefined, describePhase(each))
      }
    })
  )
})

test('a phase that is left out is refused by what comes after, but for those that leave the state as it is', () => {
  fc.assert(
    fc.property(anySpec, spec => {
      const plan = planOf(spec)
      for (const [i, each] of plan.slice(0, -1).entries()) {
        const without = plan.filter((_, at) => at !== i)
        const harmless = ['sysinfo', 'work', 'send'].includes(each.phase)
        const ended = each.phase === 'end' && spec.sysinfo === 'none'
        assert.is(endOf(without), harmless || ended ? 'gone' : undefined, describePhase(each))
      }
    })
  )
})

test('whatever went wrong, the phases that always happen are legal from where the run was', () => {
  fc.assert(
    fc.property(anySpec, spec => {
      const plan = planOf(spec)
      for (let i = 1; i < plan.length; i++) {
        const [done, rest] = [plan.slice(0, i), plan.slice(i)]
        const { step } = plan[i - 1] as PlannedPhase
        const due = rest.filter(({ always, step: of }) => always === 'run' || (always != null && isSameStep(of, step)))
        assert.is(endOf([...done, ...due]), 'gone', describePhase(plan[i - 1] as PlannedPhase))
      }
    })
  )
})

test('while the command goes on tools start and stop as its output says, and all samples are sent after it', () => {
  const said = [
    [{ group: 'db', what: 'start' as const, sample: 1 }],
    [],
    [
      { group: 'db', what: 'stop' as const, sample: 1 },
      { group: 'web', what: 'start' as const, sample: 1 },
      { group: 'db', what: 'start' as const, sample: 2 }
    ]
  ]
  const spec = specOf({ sysinfo: 'none' })
  const plan = [...phasesOf(spec, plannedSamples(spec), () => said.shift())]
  assert.equal(plan.map(describePhase).slice(3, -2), [
    'start 1-default/1',
    'work 1-default/1',
    'start db 1-default/1',
    'work 1-default/1',
    'work 1-default/1',
    'stop db 1-default/1',
    'start web 1-default/1',
    'start db 1-default/2',
    'work 1-default/1',
    'stop 1-default/1',
    'send 1-default/1',
    'send 1-default/2'
  ])
  assert.is(endOf(plan), 'gone')
  assert.equal(
    plan.filter(({ phase }) => phase === 'send').map(({ always }) => always),
    ['sample', 'sample']
  )
})

test('tools of a group start and stop within a sample only, which changes no state of a member', () => {
  for (const state of states) {
    assert.is(isLegal({ phase: 'start', groups: ['g'] }, state), state === 'running')
    assert.is(isLegal({ phase: 'stop', groups: ['g'] }, state), state === 'running')
  }
  const after = (['start', 'stop'] as const).map(phase => stateAfter({ phase, groups: ['g'] }, 'running'))
  assert.equal(after, ['running', 'running'])
})

test.run()
