import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isLegal, type State, stateAfter } from '../../node/agent/states.ts'
import { describePhase, type PlannedPhase, phasesOf, stepsOf } from '../../node/run/plan.ts'
import { stepFolder } from '../../protocols/phase.ts'
import { specOf } from '../protocols/samples.ts'

const test = suite('the order of phases')

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
function endOf(plan: PlannedPhase[]): State | undefined {
  let state: State = 'new'
  for (const { phase } of plan) {
    if (!isLegal(phase, state)) return undefined
    state = stateAfter(phase, state)
  }
  return state
}

test('a run of one sample has these phases', () => {
  assert.equal(phasesOf(specOf()).map(describePhase), [
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

test('without sysinfo there are two fewer', () => {
  assert.not.ok(phasesOf(specOf({ sysinfo: 'none' })).some(({ phase }) => phase === 'sysinfo'))
  assert.is(phasesOf(specOf({ sysinfo: 'none' })).length, phasesOf(specOf()).length - 2)
})

test('each sample of each iteration is a step, in order, with a folder of its own', () => {
  assert.equal(stepsOf(specOf({ iterations: [{ name: 'read' }, { name: 'write' }], samples: 2 })).map(stepFolder), [
    '1-read/sample1',
    '1-read/sample2',
    '2-write/sample1',
    '2-write/sample2'
  ])
  fc.assert(
    fc.property(anySpec, spec => {
      const folders = stepsOf(spec).map(stepFolder)
      assert.is(new Set(folders).size, spec.iterations.length * spec.samples)
    })
  )
})

test('a member that takes part in a whole run refuses nothing and is gone at its end', () => {
  fc.assert(fc.property(anySpec, spec => assert.is(endOf(phasesOf(spec)), 'gone')))
})

test('two neighbours in the other order are refused, but for send after end, where what was not sent may still be', () => {
  fc.assert(
    fc.property(anySpec, spec => {
      const plan = phasesOf(spec)
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
      const plan = phasesOf(spec)
      for (const [i, each] of plan.entries()) {
        const twice = [...plan.slice(0, i), each, ...plan.slice(i)]
        const harmless = ['sysinfo', 'work', 'send'].includes(each.phase)
        assert.is(endOf(twice), harmless ? 'gone' : undefined, describePhase(each))
      }
    })
  )
})

test('a phase that is left out is refused by what comes after, but for those that leave the state as it is', () => {
  fc.assert(
    fc.property(anySpec, spec => {
      const plan = phasesOf(spec)
      for (const [i, each] of plan.slice(0, -1).entries()) {
        const without = plan.filter((_, at) => at !== i)
        const harmless = ['sysinfo', 'work', 'send'].includes(each.phase)
        const ended = each.phase === 'end' && spec.sysinfo === 'none'
        assert.is(endOf(without), harmless || ended ? 'gone' : undefined, describePhase(each))
      }
    })
  )
})

test('whatever went wrong, the phases that clean up are legal from where the run was', () => {
  fc.assert(
    fc.property(anySpec, spec => {
      const plan = phasesOf(spec)
      for (let i = 1; i < plan.length; i++) {
        const { phase } = plan[i - 1] as PlannedPhase
        const at = plan.slice(0, i)
        const running = phase === 'start' || phase === 'work'
        const rest: PlannedPhase[] = [...(running ? [{ phase: 'stop' as const }, { phase: 'send' as const }] : [])]
        const ended = at.some(each => each.phase === 'end')
        assert.is(
          endOf([...at, ...rest, ...(ended ? [] : [{ phase: 'end' as const }]), { phase: 'terminate' }]),
          'gone'
        )
      }
    })
  )
})

test.run()
