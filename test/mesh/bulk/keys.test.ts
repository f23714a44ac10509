import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { KEY_LIFE, Keys, MAX_KEYS, MAX_KEYS_OF_PEER } from '../../../node/mesh/bulk/keys.ts'
import type { BakError } from '../../../protocols/errors.ts'

const test = suite('keys of bulk connections')

function keysAt(start = 0) {
  const clock = { now: start }
  return { clock, keys: new Keys(() => clock.now) }
}
const codeOf = (act: () => unknown): string => {
  try {
    act()
    return 'none'
  } catch (error) {
    return (error as BakError).code
  }
}

test('a key is of one peer, is like no other, and is good for once', () => {
  const { keys } = keysAt()
  const [one, other] = [keys.issue('a', true, 'tarball'), keys.issue('a', true, 'tarball')]
  assert.not(one.key.equals(other.key))
  assert.is(keys.take(one.id)?.peer, 'a')
  assert.is(keys.take(one.id), undefined)
  assert.is(keys.take('0'.repeat(32)), undefined)
  assert.ok(keys.take(other.id)?.key.equals(other.key))
  assert.is(keys.size, 0)
})

test('a key that nobody comes with in time is gone', () => {
  const { keys, clock } = keysAt()
  const { id } = keys.issue('a', true, 'tarball')
  clock.now = KEY_LIFE
  assert.is(keys.take(id), undefined)
  assert.is(keys.size, 0)
})

test('no peer gets more keys than it can use, nor all together more than can be kept', () => {
  const { keys, clock } = keysAt()
  for (let i = 0; i < MAX_KEYS_OF_PEER; i++) keys.issue('a', true, 'tarball')
  assert.is(
    codeOf(() => keys.issue('a', true, 'tarball')),
    'busy'
  )
  for (let i = MAX_KEYS_OF_PEER; i < MAX_KEYS; i++) keys.issue(`peer ${i}`, true, 'tarball')
  assert.is(
    codeOf(() => keys.issue('b', true, 'tarball')),
    'busy'
  )
  clock.now = KEY_LIFE
  keys.issue('a', true, 'tarball')
  assert.is(keys.size, 1)
})

test.run()
