import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  attendanceOf,
  attendanceOfRun,
  describeAbsent,
  isComplete,
  isEnough,
  sizeOf,
  whyTooFew
} from '../../node/run/attendance.ts'
import { neededBy } from '../../node/run/roster.ts'
import { absencesOf, ranklessOverrides } from '../../node/run/shortfalls.ts'
import type { MemberView } from '../../protocols/control.ts'
import type { Quorum } from '../../protocols/spec-fields.ts'
import { member } from '../cli/fake.ts'
import { specOf } from '../protocols/samples.ts'

const peer = (name: string, state: MemberView['state'] = 'alive', labels: Record<string, string> = { role: 'db' }) =>
  member(name, { peer: `id-of-${name}-${state}`, state, labels })
const a = peer('a')
const b = peer('b', 'busy')
const lost = peer('d', 'lost')
const mesh = [a, b, lost, peer('e', 'draining', { role: 'web' }), peer('f', 'left', {})]

const test = suite('who is here of those that a selector means')

/** `here | named and absent | absent by a label`. */
const table: Array<[on: string, members: MemberView[], who: string]> = [
  ['all', mesh, 'a b | | d (lost) e (draining)'],
  ['role=db', mesh, 'a b | | d (lost)'],
  ['role=web', mesh, ' | | e (draining)'],
  ['a,b', mesh, 'a b | |'],
  ['a,d', mesh, 'a | d (lost) |'],
  ['d', mesh, ' | d (lost) |'],
  ['a,e', mesh, 'a | e (draining) |'],
  ['a,f', mesh, 'a | f (left) |'],
  ['a,nosuch', mesh, 'a | nosuch (not known) |'],
  ['a,nosuch,nosuch', mesh, 'a | nosuch (not known) |'],
  ['all,d', mesh, 'a b | d (lost) | e (draining)'],
  ['role=db,f', mesh, 'a b | f (left) | d (lost)'],
  ['d+role=db', mesh, ' | d (lost) |'],
  ['d+role=web', mesh, ' | |'],
  ['d*', mesh, ' | | d (lost)'],
  ['all', [a, peer('a', 'lost')], 'a | |'],
  ['a', [a, peer('a', 'lost')], 'a | |'],
  ['all', [a, b], 'a b | |']
]
for (const [on, members, who] of table) {
  test(`"${on}" among ${members.map(({ name, state }) => `${name} ${state}`).join(', ')}: ${who}`, () => {
    const { here, absent } = attendanceOf(on, members)
    const words = (named: boolean) => absent.filter(each => each.named === named).map(describeAbsent)
    const parts = [here.map(({ name }) => name), words(true), words(false)].map(each => each.join(' '))
    assert.equal(
      parts,
      who.split('|').map(part => part.trim())
    )
  })
}

test('a name that is nearly that of a peer is told with it; what may be another machine is not', () => {
  const racks = ['rack-a-node-7', 'rack-a-node-8'].map(name => peer(name))
  const words = (on: string, members: MemberView[]) => attendanceOf(on, members).absent.map(describeAbsent).join()
  assert.is(words('rack-a-nod-7', racks), 'rack-a-nod-7 (not known; did you mean rack-a-node-7?)')
  assert.is(words('dbserver', racks), 'dbserver (not known)')
  assert.is(words('c', mesh), 'c (not known)')
})

test('a name in a group of tools or workloads is waited for as one in `on` is, where `on` may mean that peer', () => {
  const group = (name: string, on: string, tools = ['proc']) => ({ name, on, tools })
  const named = (spec: object) =>
    attendanceOfRun(specOf(spec), mesh)
      .absent.filter(each => each.named)
      .map(describeAbsent)
  assert.equal(named({ groups: [group('x', 'a,d,nosuch+role=db')] }), ['d (lost)', 'nosuch (not known)'])
  assert.equal(named({ on: 'a', groups: [group('x', 'd,nosuch')] }), [], 'not of this run')
  assert.equal(named({ on: 'role=db', groups: [group('x', 'd,nosuch')] }), ['d (lost)'])
  assert.equal(named({ groups: [group('slurm', 'd', [])] }), [], 'nobody asks for this group')
  const workload = [{ name: 'w', group: 'slurm', command: ['true'] }]
  assert.equal(named({ groups: [group('slurm', 'd', [])], workload, command: undefined }), ['d (lost)'])
})

/** What a run with these does once the wait is over. */
const quorums: Array<
  [on: string, quorum: Quorum, expect: number | undefined, size: number, complete: boolean, goesOn: boolean]
> = [
  ['all', 'all', undefined, 2, true, true],
  ['a,d', 'all', undefined, 2, false, false],
  ['a,d', 'majority', undefined, 2, false, false],
  ['a,b,d', 'majority', undefined, 3, false, true],
  ['a,d', 1, undefined, 2, false, true],
  ['a,nosuch', '50%', undefined, 2, false, true],
  ['all', 'all', 3, 3, false, false],
  ['all', 2, 3, 3, false, true],
  ['all', 'majority', 4, 4, false, false],
  ['all', 'all', 1, 2, true, true],
  ['all', 3, undefined, 2, true, false],
  ['role=web', 'majority', undefined, 0, false, false],
  ['role=web', '0%', undefined, 0, false, false]
]
for (const [on, quorum, expect, size, complete, goesOn] of quorums) {
  const title = `"${on}" with a quorum of ${quorum}${expect == null ? '' : ` and ${expect} expected`}`
  const then = `${complete ? 'waits for nobody' : 'waits'} and ${goesOn ? 'goes on' : 'ends'}`
  test(`${title} ${then}`, () => {
    const attendance = attendanceOf(on, mesh)
    assert.is(sizeOf(attendance, expect), size)
    assert.is(isComplete(attendance, expect), complete)
    assert.is(isEnough(attendance, { quorum, expect }), goesOn)
  })
}

const words: Array<[on: string, quorum: Quorum, expect: number | undefined, why: string]> = [
  [
    'a,b,d',
    'all',
    undefined,
    '3 of 3 members of "a,b,d" must take part, and 2 are here within 60 s: a, b; missing: d (lost)'
  ],
  ['a,b', 5, undefined, 'a quorum of 5 was asked for, and "a,b" selects 2: a, b'],
  [
    'all',
    'all',
    4,
    '4 of 4 expected members of "all" must take part, and 2 are here within 60 s: a, b; missing: d (lost), e (draining)'
  ],
  ['role=web', 'all', undefined, 'no peer that is here fits "role=web" within 60 s; missing: e (draining)']
]
for (const [on, quorum, expect, why] of words) {
  test(`too few are explained: ${why}`, () => {
    assert.is(whyTooFew(attendanceOf(on, mesh), { on, quorum, expect, waited: 60 }), why)
  })
}

test('a controller that only drives is needed on top of the quorum, and is no member', () => {
  const candidates = [
    { peer: 'a', name: 'a', tools: [] },
    { peer: 'c', name: 'c', tools: [], driver: true }
  ]
  assert.is(neededBy('all', candidates), 2)
  assert.is(neededBy('all', candidates, 3), 4)
  assert.is(neededBy('majority', candidates, 3), 3)
})

test('members that are missing and groups in which nobody is are named', () => {
  const groups = [
    { name: 'web', on: 'role=web', tools: ['proc'] },
    { name: 'db', on: 'role=db', tools: ['proc'] }
  ]
  const spec = specOf({ on: 'a,nosuch', expect: 3, groups })
  assert.equal(absencesOf(spec, attendanceOf(spec.on, mesh)), [
    { kind: 'member', what: 'nosuch', reason: 'no peer has this name' },
    { kind: 'member', what: '2 of 3 expected members', reason: 'did not come within 60 s' },
    { kind: 'group', what: 'web', reason: 'no member of the run fits "role=web"' }
  ])
})

test('tools that are registered on a member which is gone are named, for the groups of the run only', () => {
  const registered = [
    { group: 'net', tool: 'sar', options: [] },
    { group: 'net', tool: 'vmstat', options: [] },
    { group: 'default', tool: 'proc', options: [] }
  ]
  const mesh = [a, { ...lost, registered }, { ...peer('f', 'left'), registered }]
  const gone = (spec: object) =>
    absencesOf(specOf(spec), attendanceOf('all', mesh)).filter(({ kind }) => kind === 'tool')
  assert.equal(gone({ group: ['net', 'none'] }), [
    { kind: 'tool', member: 'd', what: 'sar, vmstat', reason: 'registered there for group net, and d is lost' }
  ])
  assert.equal(
    gone({}).map(({ what }) => what),
    ['proc']
  )
  assert.equal(gone({ tools: ['sar'] }), [])
})

test('overrides of tools that are for nobody are named: by a selector at once, by rank when there are ranks', () => {
  const override = [{ on: 'role=web' }, { on: 'role=db' }, { rank: '2-5' }, { rank: '0,9' }]
  const spec = specOf({ tools: ['sar'], tool: { sar: { override } } })
  assert.equal(
    absencesOf(spec, attendanceOf('role=db', mesh)).filter(({ kind }) => kind === 'tool'),
    [{ kind: 'tool', what: 'override of sar', reason: 'no member of the run fits "role=web"' }]
  )
  assert.equal(ranklessOverrides(spec, 2), [
    { kind: 'tool', what: 'override of sar', reason: 'no member has a rank of 2-5: the last one is 1' }
  ])
  assert.equal(ranklessOverrides(spec, 3), [])
})

test.run()
