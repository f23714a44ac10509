import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkRunLimits } from '../../node/agent/run-limits.ts'
import type { BakError } from '../../protocols/errors.ts'

const test = suite('run limits')
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

test('the runs of one controller on a peer are limited, and leave room for others', () => {
  assert.ok(fits([], 'a'))
  assert.ok(fits(runs('a', 31), 'a'))
  assert.not(fits(runs('a', 32), 'a'))
  assert.ok(fits(runs('a', 32), 'b'))
})

test('the runs of all controllers are limited', () => {
  const open = ['a', 'b', 'c', 'd'].flatMap(controller => runs(controller, 31))
  assert.ok(fits(open, 'e'))
  assert.not(fits([...open, ...runs('e', 4)], 'f'))
})

test.run()
