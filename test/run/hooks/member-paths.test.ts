import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { pathsOf } from '../../../node/run/hooks/member-paths.ts'
import type { MeasuredPath } from '../../../protocols/path.ts'

const test = suite('the paths of a run')

const [relayed, punched]: MeasuredPath[] = [
  { class: 'relayed', via: 'relay', roundTrip: 84 },
  { class: 'punched', roundTrip: 42 }
]
const entry = (peer: string, path?: MeasuredPath) => ({ peer, name: peer, capabilities: { path } }) as never
const answer = (by: string, path?: MeasuredPath) => ({ by, value: { path } }) as never

test('each member has the path that it joined by and the one at the end, as far as it said so', () => {
  const roster = [entry('driver'), entry('a', relayed), entry('b', punched), entry('late')]
  assert.equal(pathsOf(roster, [answer('driver'), answer('a', punched), answer('late', punched)]), [
    { peer: 'a', name: 'a', begin: relayed, end: punched },
    { peer: 'b', name: 'b', begin: punched, end: undefined },
    { peer: 'late', name: 'late', begin: undefined, end: punched }
  ])
})

test.run()
