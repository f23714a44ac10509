/** Triggers that are registered on peers become part of the spec of a run. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { withTriggers } from '../../node/run/registered-triggers.ts'
import type { MemberView } from '../../protocols/control.ts'
import type { BakError } from '../../protocols/errors.ts'
import { specOf } from '../protocols/samples.ts'

const test = suite('registered triggers')

const peer = (shown: string, group: string, start: string, state: MemberView['state'] = 'alive') => ({
  ...{ shown, state },
  triggers: [{ group, start, stop: 'end' }]
})
const a = peer('a', 'db', 'go')
const triggers = (spec: object, members: Parameters<typeof withTriggers>[1]) =>
  Object.entries(withTriggers(specOf(spec), members).triggers).map(([group, { start }]) => `${group} ${start}`)

const cases: Array<[title: string, spec: object, members: Parameters<typeof withTriggers>[1], found: string[]]> = [
  ['of a group of the run', { group: 'db' }, [a, peer('b', 'db', 'go')], ['db go']],
  ['of each of several', { group: ['db', 'web'] }, [a, peer('b', 'web', 'x')], ['db go', 'web x']],
  ['of the group default, where it is used', {}, [peer('a', 'default', 'go')], ['default go']],
  ['not where the run says what is measured', { tools: ['proc'] }, [peer('a', 'default', 'go')], []],
  ['not of another group', { group: 'web' }, [a], []],
  ['of a peer that is lost', { group: 'db' }, [peer('a', 'db', 'go', 'lost')], ['db go']],
  ['not of a peer that has left', { group: 'db' }, [peer('a', 'db', 'go', 'left')], []],
  ['not where the run has one for it', { group: 'db', triggers: { db: { start: 'x', stop: 'y' } } }, [a], ['db x']],
  ['not where the run has one for all', { group: 'db', trigger: { start: 'x', stop: 'y' } }, [a], []]
]
for (const [title, spec, members, found] of cases)
  test(`are used: ${title}`, () => assert.equal(triggers(spec, members), found))

const wrong: Array<[title: string, spec: object, members: Parameters<typeof withTriggers>[1], why: RegExp]> = [
  [
    'that differ from peer to peer',
    { group: 'db' },
    [a, peer('b', 'db', 'other')],
    /^group db has different triggers: a has from \/go\/ to \/end\/, b has from \/other\/ to \/end\//
  ],
  [
    'beside samples',
    { group: 'db', samples: 2 },
    [a],
    /^samples: goes with no trigger.*\na trigger is registered for db/
  ]
]
for (const [title, spec, members, why] of wrong)
  test(`are refused: ${title}`, () => {
    assert.throws(
      () => triggers(spec, members),
      (error: BakError) => error.code === 'usage' && why.test(error.message)
    )
  })

test.run()
