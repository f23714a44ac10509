import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { encode, parse } from '../../../scripts/bench/peers/resp.ts'

const resp = suite('what Redis speaks')
const read = (text: string) => parse(Buffer.from(text), 0)

resp('commands go out as arrays of words with their lengths in bytes', () => {
  assert.is(encode(['PUBLISH', 'c', 'né', 7]), '*4\r\n$7\r\nPUBLISH\r\n$1\r\nc\r\n$3\r\nné\r\n$1\r\n7\r\n')
})

resp('replies of every kind are read', () => {
  assert.equal(read('+OK\r\n')?.reply, 'OK')
  assert.equal(read(':64\r\n')?.reply, 64)
  assert.equal(read('$-1\r\n')?.reply, null)
  assert.equal(read('*-1\r\n')?.reply, null)
  assert.equal(read('*2\r\n$1\r\na\r\n*1\r\n:2\r\n')?.reply, ['a', [2]])
  assert.match((read('-ERR no\r\n') as { reply: Error }).reply.message, /ERR no/)
})

resp('a reply that is not whole yet is waited for, and its end is where the next begins', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 20 }), { maxLength: 5 }), fc.nat(), (words, cut) => {
      const whole = encode(words)
      const bytes = Buffer.from(`${whole}+next\r\n`)
      const length = Buffer.byteLength(whole)
      assert.equal(parse(bytes, 0), { reply: words, next: length })
      assert.is(parse(bytes.subarray(0, cut % length), 0), undefined)
    })
  )
})

resp.run()
