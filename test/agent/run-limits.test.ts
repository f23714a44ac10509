import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkRunLimits } from '../../node/agent/run-limits.ts'
import type { BakError } from '../../protocols/errors.ts'

const test = suite('room for runs')
const runs = (controller: string, count: number) => Array.from({ length: count }, () => controller)
const fits = (open: string[], controller: string) => {
  try {
    checkRunLimits(open, controller)
    return true
  } catch (error) {
    assert.is((error as BakError).code, 'busy')
    return false
  }
}

test('one controller may have so many runs on a peer, and takes no room from others', () => {
  assert.ok(fits([], 'a'))
  assert.ok(fits(runs('a', 31), 'a'))
  assert.not(fits(runs('a', 32), 'a'))
  assert.ok(fits(runs('a', 32), 'b'))
})

test('all together may have so many', () => {
  const open = ['a', 'b', 'c', 'd'].flatMap(controller => runs(controller, 31))
  assert.ok(fits(open, 'e'))
  assert.not(fits([...open, ...runs('e', 4)], 'f'))
})

test.run()
