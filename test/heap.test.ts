/** A heap gives what it holds in order. */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Heap } from '../node/heap.ts'

const test = suite('a heap')

test('gives the least first, whatever was put in between', () => {
  // a number is put, nothing takes the least
  const steps = fc.array(fc.option(fc.integer(), { nil: undefined, freq: 3 }))
  fc.assert(
    fc.property(steps, asked => {
      const heap = new Heap<number>((a, b) => a - b)
      let model: number[] = []
      for (const step of asked) {
        if (step != null) {
          heap.push(step)
          model = [...model, step].sort((a, b) => a - b)
        } else {
          assert.is(heap.peek(), model[0])
          assert.is(heap.pop(), model.shift())
        }
        assert.is(heap.size, model.length)
      }
    })
  )
})

test.run()
