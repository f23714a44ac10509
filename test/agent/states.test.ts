import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isLegal, type State, stateAfter, states, transitions } from '../../node/agent/states.ts'
import { type Phase, phases } from '../../protocols/fields.ts'

const test = suite('states of a member')

/** The state after each phase; `-` where it is refused. */
const grid = `
            new     joined  ready  idle     running  orphaned  ended  gone
  join      joined  -       -      -        -        -         -      -
  stage     -       ready   -      -        -        -         -      -
  sysinfo   -       -       ready  -        -        orphaned  ended  -
  init      -       -       idle   -        -        -         -      -
  start     -       -       -      running  -        -         -      -
  work      -       -       -      -        running  -         -      -
  stop      -       -       -      idle     idle     -         -      -
  send      -       -       -      idle     -        orphaned  ended  -
  end       -       ended   ended  ended    -        -         -      -
  terminate gone    gone    gone   gone     gone     gone      gone   -
`
const [head, ...rows] = grid
  .trim()
  .split('\n')
  .map(line => line.trim().split(/ +/))
for (const [phase, ...cells] of rows) {
  for (const [i, expected] of cells.entries()) {
    const state = head?.[i] as State
    const title = expected === '-' ? `${phase} is refused when ${state}` : `${phase} leads from ${state} to ${expected}`
    test(title, () => {
      assert.is(isLegal({ phase: phase as Phase }, state), expected !== '-')
      if (expected !== '-') assert.is(stateAfter({ phase: phase as Phase }, state), expected)
    })
  }
}

test('the table has every phase and every state', () => {
  assert.equal(head, [...states])
  assert.equal(
    rows.map(([phase]) => phase),
    [...phases]
  )
  assert.equal(Object.keys(transitions).sort(), [...phases].sort())
})

test('a run that is gone hears nothing more, and every other one can be terminated, also while it joins', () => {
  for (const phase of phases) assert.not.ok(isLegal({ phase }, 'gone'))
  for (const state of states) assert.is(isLegal({ phase: 'terminate' }, state), state !== 'gone')
})

/** States in which work of jobs and the stage behind it are legal, by `when`. */
const around: Array<[phase: Phase, when: 'begin' | 'end', legal: State[]]> = [
  ['work', 'begin', ['ready']],
  ['work', 'end', ['ended']],
  ['stage', 'begin', ['ready']],
  ['stage', 'end', []],
  ['sysinfo', 'begin', ['ready', 'orphaned', 'ended']],
  ['sysinfo', 'end', ['ready', 'orphaned', 'ended']]
]
for (const [phase, when, legal] of around)
  test(`${phase} ${when} is legal in ${legal.length === 0 ? 'no state' : legal.join(', ')}, and changes none`, () => {
    assert.equal(
      states.filter(state => isLegal({ phase, when }, state)),
      states.filter(state => legal.includes(state))
    )
    for (const state of legal) assert.is(stateAfter({ phase }, state), state)
  })

test.run()
