/** Bytes that come twice are given out once. */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { GivenOutput } from '../../node/run/given-output.ts'
import { type OutputPortion, unwrapOutput, wrapOutput } from '../../protocols/output.ts'

const test = suite('given output')

const portion = (path: string, offset: number, bytes: Uint8Array): OutputPortion => ({
  ...{ path, member: 'a', stream: 'stdout', offset },
  ...wrapOutput(bytes)
})
const path = '1-default/sample1/workload/a/stdout.txt'

test('is each byte once and in order, however two peers overlap', () => {
  const cuts = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 7 })), { maxLength: 60 })
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), cuts, (bytes, sends) => {
      const given = new GivenOutput()
      const sent: [number, number] = [0, 0]
      const out: Buffer[] = []
      const send = (who: 0 | 1, length: number) => {
        const news = given.take(portion(path, sent[who], bytes.subarray(sent[who], sent[who] + length)))
        sent[who] = Math.min(bytes.length, sent[who] + length)
        if (news != null) out.push(unwrapOutput(news))
      }
      for (const [isSecond, length] of sends) send(isSecond ? 1 : 0, length)
      send(0, 100)
      assert.is(Buffer.concat(out).compare(bytes), 0)
    })
  )
})

test('is told by sample and by member, so that it need not come again', () => {
  const given = new GivenOutput()
  for (const each of [path, path.replace('sample1', 'sample2'), path.replace('/a/', '/b/server/')])
    given.take(portion(each, 0, Buffer.from('four')))
  const skipped = (of: Parameters<GivenOutput['skip']>[0]) =>
    given.skip(of).map(({ path, bytes }) => [path.slice(10, 40), bytes])
  assert.equal(skipped({ step: { number: 1, name: 'default', sample: 2 } }), [['sample2/workload/a/stdout.txt', 4]])
  assert.equal(skipped({ member: 'b' }), [['sample1/workload/b/server/stdo', 4]])
  assert.is(given.skip({}).length, 3)
})

test.run()
