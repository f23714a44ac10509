import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LowNoiseMode } from '../../../node/mesh/idle/low-noise.ts'

const quiet = suite('whether this peer measures')

quiet('it does from the first run that begins to the last that ends, and says each change once', () => {
  const each = new LowNoiseMode()
  const said: boolean[] = []
  each.addEventListener('change', () => said.push(each.measuring))
  each.note('one', false)
  each.note('one', true)
  each.note('two', true)
  each.note('two', true)
  each.note('one', false)
  assert.is(each.measuring, true)
  each.note('two', false)
  each.note('two', false)
  assert.is(each.measuring, false)
  assert.equal(said, [true, false])
})

quiet.run()
