import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { BAK, figure, most } from '../../../scripts/bench/figure.ts'
import { pageOf } from '../../../scripts/bench/page.ts'
import type { Profiled } from '../../../scripts/bench/profile.ts'
import { profilesIn, profileTables, whySection, withProfile } from '../../../scripts/bench/why.ts'

const page = suite('the page of the bench')
const machine = { commit: 'abc', cpu: 'x', cores: 2, memory: 4, kernel: '6', node: 'v26', day: '2026-11-23' }
const figures = (limit: number) => [
  figure('a phase', 'ms', 'took', [{ name: BAK, samples: { took: [30] } }], { budgets: [most(limit, 'ms')] })
]
const missed = { part: 'phase', took: 20, figures: figures(10) }
const met = { part: 'skew', took: 20, figures: figures(40) }
const profiled: Profiled = {
  ...{ what: 'a phase', times: 4, elapsed: 40, lines: [] },
  groups: Array.from({ length: 9 }, (_, i) => ({ name: `group ${i}`, controller: 1, members: 9 }))
}

page('says how long each part took, and marks what took too long', () => {
  const text = pageOf([missed, { ...met, took: 181 }, { ...met, part: 'bulk', took: 800, failed: true }], machine)
  assert.match(text, /took \*\*1001 s in all: too long\*\* \(at most 900 s\)/)
  assert.match(text, /: phase 20 s, \*\*skew 181 s: too long\*\*, \*\*bulk failed after 800 s: too long\*\*\./)
  assert.match(text, /Budgets: 2 met, 1 missed, 0 cannot be said\./)
  assert.not.match(pageOf([missed, met], machine), /too long/)
})

page('a missed budget has the profile that was taken before, or says how one is taken', () => {
  const [text = ''] = whySection([missed, met], new Map())
  assert.match(text, /### phase\n\n- a phase: 30 ms instead of <= 10 ms\n/)
  assert.match(text, /npm run bench -- phase --profile --write/)
  assert.not.match(text, /skew/)
  const [again] = whySection([missed], new Map([['phase', 'kept']]))
  assert.equal([...profilesIn(again ?? '')], [['phase', 'kept']])
  assert.equal(whySection([met], new Map([['skew', 'kept']])), [])
})

page('a profile takes the place of the one before, and leaves all else', () => {
  const before = pageOf([missed, { ...missed, part: 'bulk' }], machine)
  const after = withProfile(before, 'phase', 'new\n\ntable') ?? ''
  assert.equal(profilesIn(after).get('phase'), 'new\n\ntable')
  assert.equal(profilesIn(after).get('bulk'), profilesIn(before).get('bulk'))
  assert.is(withProfile(after, 'phase', profilesIn(before).get('phase') ?? ''), before)
  assert.is(withProfile(before, 'skew', 'x'), undefined)
})

page('a profile is a table of the largest groups, and of the rest', () => {
  const lines = profileTables([profiled], 'commit abc').split('\n')
  assert.match(lines[0] ?? '', /^Of a phase \(4 times, 40 ms each, the controller busy for 23 %; commit abc\):$/)
  assert.is(lines[4], '| group 0 | 1 | 9 | 11 % |')
  assert.equal(lines.slice(-2), ['| all else | 3 | 27 | 33 % |', '| sum | 9 | 81 | 100 % |'])
  assert.is(lines.length, 12)
  const [first, ...others] = profiled.groups
  const unnamed = { ...profiled, groups: [{ ...first, name: 'all else' }, ...others] } as typeof profiled
  const rests = profileTables([unnamed], 'x').match(/\| all else/g)
  assert.is(rests?.length, 1)
})

page.run()
