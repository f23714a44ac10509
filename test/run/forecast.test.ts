import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Checked, candidatesNow, forecast } from '../../node/run/forecast.ts'
import type { MemberView } from '../../protocols/control.ts'
import { describeShortfall } from '../../protocols/shortfall.ts'
import { member } from '../cli/fake.ts'
import { specOf } from '../protocols/samples.ts'

const test = suite('what a run would do')

const peer = (name: string, state: MemberView['state'] = 'alive') =>
  member(name, { peer: `id-of-${name}`, state, labels: name === 'c' ? {} : { role: 'db' } })
const mesh = [peer('a'), peer('b'), peer('c'), peer('d', 'lost')]
const usable = (tool: string): Checked => ({ tools: [{ tool, usable: true }] })
const lacking = (tool: string): Checked => ({ tools: [{ tool, usable: false, reason: `${tool}: not found on PATH` }] })

function plan(spec: object, answers: Record<string, Checked> = {}, slots?: Map<string, number>) {
  const about = { spec: specOf({ tools: ['proc'], ...spec }), members: mesh, self: { peer: 'id-of-c', name: 'c' } }
  const asked = candidatesNow(about).map(({ peer, name }) => [peer, answers[name] ?? usable('proc')] as const)
  return forecast({ ...about, checked: new Map(asked), ...(slots == null ? {} : { slots }) })
}

test('jobs are there with what they need and who may run them, and those that are left out with why', () => {
  const job = (name: string, more: object = {}) => ({ name, script: 'true', ...more })
  const jobs = [
    job('lib', { on: 'role=db' }),
    job('app', { needs: ['lib'] }),
    job('huge', { cores: 4096, memory: '1024TiB' }),
    job('wide', { slots: 8 }),
    job('arm', { when: { label: 'arch=arm64' } })
  ]
  const slots = new Map(['a', 'b'].map(name => [`id-of-${name}`, 2]))
  const fitting = plan({ command: undefined, job: jobs.filter(({ name }) => name !== 'huge') }, {}, slots)
  assert.equal([fitting.verdict, fitting.status], ['ok', 0], 'what c has nobody knows')
  const {
    jobs: planned,
    phases,
    ...plans
  } = plan({ command: undefined, job: jobs }, {}, new Map([...slots, ['id-of-c', 4]]))
  assert.equal([plans.verdict, plans.status], ['workload-failed', 1])
  assert.match(
    plans.reason as string,
    /^job huge: it needs 4096 cores, and the most is 4, on a; it needs 1048576 GiB of memory/
  )
  assert.ok(phases.includes('work jobs 1-default/1'))
  assert.equal(
    planned?.map(({ name, needs, on, members, why }) => [name, needs.join(), on.join(), members, why]),
    [
      ['lib', '', 'a,b', 2, undefined],
      ['app', 'lib', 'a,b,c', 3, undefined],
      ['huge', '', '', 0, (plans.reason as string).slice('job huge: '.length)],
      ['wide', '', '', 0, 'it takes 8 slots, and the most is 4, on c'],
      ['arm', '', '', 0, 'left out: no member fits arch=arm64']
    ]
  )
  const refused = plan({ command: undefined, job: [job('far', { on: 'role=web' })] })
  assert.equal(
    [refused.verdict, refused.reason],
    ['quorum', 'job.0.on: no member of the run fits "role=web", as job far asks']
  )
})

/** `members; verdict and status; wait; what is missing`. */
const table: Array<[title: string, spec: object, answers: Record<string, Checked>, expected: string]> = [
  ['all who are here take part, and who is lost is named', {}, {}, 'a b c; ok 0; -; d: lost'],
  ['a controller that no selector means only drives', { on: 'role=db' }, {}, 'a b c*; ok 0; -; d: lost'],
  ['a run that names a lost peer waits and fails', { on: 'a,d' }, {}, 'a c*; quorum 3 partial; 60; d: lost'],
  [
    'with a quorum of one it waits and goes on',
    { on: 'a,d', policy: { quorum: 1 } },
    {},
    'a c*; ok 0 partial; 60; d: lost'
  ],
  ['a quorum that is larger than the roster fails', { on: 'a,b', policy: { quorum: 5 } }, {}, 'a b c*; quorum 3; 2; -'],
  ['a selector that means nobody fails', { on: 'x*' }, {}, 'c*; quorum 3; 2; -'],
  [
    'expected members that are not here are waited for',
    { expect: 5 },
    {},
    'a b c; quorum 3 partial; 60; d: lost, 2 of 5 expected members: did not come within 60 s'
  ],
  [
    'a member without a tool takes part without it',
    {},
    { b: lacking('proc') },
    'a b c; ok 0; -; d: lost, proc on b: not found on PATH'
  ],
  [
    'or does not, where the policy says so',
    { policy: { on_missing_tool: 'exclude', quorum: 2 } },
    { b: lacking('proc') },
    'a -b c; ok 0 partial; -; d: lost, proc on b: not found on PATH'
  ],
  [
    'a member that refuses does not',
    {},
    { b: { tools: [], refused: 'allow.tools' } },
    'a -b c; quorum 3 partial; -; d: lost'
  ],
  [
    'nor one that does not answer',
    { policy: { quorum: 2 } },
    { b: { error: 'no answer' } },
    'a -b c; ok 0 partial; -; d: lost'
  ],
  [
    'a group in which nobody is is named',
    { groups: [{ name: 'x', on: 'role=web', tools: ['proc'] }] },
    {},
    'a b c; ok 0; -; d: lost, group x: no member of the run fits "role=web"'
  ]
]
for (const [title, spec, answers, expected] of table) {
  test(title, () => {
    const { members, verdict, status, partial, wait, shortfalls, reason } = plan(spec, answers)
    const names = members.map(
      ({ name, driver, excluded }) => `${excluded == null ? '' : '-'}${name}${driver ? '*' : ''}`
    )
    const missing = shortfalls.map(describeShortfall).join(', ')
    const words = [names.join(' '), `${verdict} ${status}${partial ? ' partial' : ''}`, wait ?? '-', missing || '-']
    assert.is(words.join('; '), expected)
    assert.is(reason == null, verdict === 'ok')
  })
}
test.run()
