import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LowNoiseMode } from '../../../node/mesh/idle/low-noise.ts'

const test = suite('low-noise mode')

test('is active from the first run that begins to the last that ends, and reports each change once', () => {
  const mode = new LowNoiseMode()
  const reported: boolean[] = []
  mode.addEventListener('change', () => reported.push(mode.active))
  mode.set('one', false)
  mode.set('one', true)
  mode.set('two', true)
  mode.set('two', true)
  mode.set('one', false)
  assert.is(mode.active, true)
  mode.set('two', false)
  mode.set('two', false)
  assert.is(mode.active, false)
  assert.equal(reported, [true, false])
})

test.run()
