/** Who may store files on a machine, and how much. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { beyondRoom, refuseStage } from '../../../node/agent/allow/stage-rule.ts'

const test = suite('who may store files here')
const cleo = '12D3KooWcleo'
const caller = {
  peer: cleo,
  named: (name: string) => (name === 'cleo' ? [cleo] : name === 'two' ? [cleo, 'other'] : [])
}

const cases: Array<[string, boolean | string[] | undefined, RegExp | undefined]> = [
  ['whoever is let in, by default', undefined, undefined],
  ['whoever is let in', true, undefined],
  ['nobody', false, /lets no other peer store files here/],
  ['a peer by its id', [cleo], undefined],
  ['a peer by its name', ['cleo'], undefined],
  ['no peer by a name that two have', ['two'], /names two, as 2 peers call themselves/],
  ['no other', ['max'], /does not name 12D3KooWcleo/]
]
for (const [title, stage, why] of cases) {
  test(title, () => {
    const refusal = refuseStage(stage == null ? {} : { stage }, caller)
    if (why == null) assert.is(refusal, undefined)
    else assert.match(refusal?.why ?? '', why)
  })
}

test('what has no room is named with the limit', () => {
  const limits = { bytes: 100, largest: 60 }
  const staged = (...sizes: number[]) => sizes.map((bytes, i) => ({ path: `p${i}`, bytes }))
  assert.is(beyondRoom(limits, staged(60, 40)), undefined)
  assert.match(beyondRoom(limits, staged(10, 61)) ?? '', /artifacts\.largest is 60, and p1 has 61 bytes/)
  assert.match(beyondRoom(limits, staged(60, 41)) ?? '', /artifacts\.bytes is 100, and what is staged has 101 bytes/)
})

test.run()
