import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bytesIn, dataOf } from '../node/holes.ts'

const test = suite('holes')

test('blocks of zeros are no data, wherever a chunk begins', () => {
  const chunk = Buffer.alloc(5 * 4096)
  chunk[4096] = 1
  chunk[3 * 4096 - 1] = 1
  assert.equal(dataOf(chunk, 0), [[4096, 3 * 4096]])
  assert.equal(dataOf(chunk, 4096), [[4096, 3 * 4096]])
  assert.equal(dataOf(Buffer.alloc(9000), 77), [])
  assert.equal(dataOf(Buffer.alloc(0), 0), [])
})

test('what is left out are zeros, and a file in parts has no more data than in one', () => {
  const block = fc.constantFrom(Buffer.alloc(4096), Buffer.alloc(4096, 'x'), Buffer.alloc(100), Buffer.from('y'))
  fc.assert(
    fc.property(fc.array(block, { maxLength: 8 }), fc.nat(40_000), (parts, at) => {
      const file = Buffer.concat(parts)
      const cut = Math.min(at, file.length)
      const copy = Buffer.alloc(file.length)
      let data = 0
      for (const [offset, chunk] of [[0, file.subarray(0, cut)] as const, [cut, file.subarray(cut)] as const]) {
        const runs = dataOf(chunk, offset)
        data += bytesIn(runs)
        for (const [from, to] of runs) chunk.copy(copy, offset + from, from, to)
      }
      assert.is(copy.compare(file), 0)
      assert.ok(data <= bytesIn(dataOf(file, 0)))
    })
  )
})

test.run()
