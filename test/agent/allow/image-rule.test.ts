/** The owner's word on images in which jobs of others run here. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { refuseImage } from '../../../node/agent/allow/image-rule.ts'

const test = suite('the rule of images')
const gcc = ['docker.io/library/gcc:12', `docker.io/library/gcc@sha256:${'a'.repeat(64)}`]
const table: Array<[string, boolean | string[] | undefined, string, string[], RegExp | undefined]> = [
  ['nothing is set', undefined, 'gcc:12', gcc, /^lets no job of others run in an image$/],
  ['none is allowed', false, 'gcc:12', gcc, /^lets no job of others/],
  ['all are', true, 'gcc:12', gcc, undefined],
  ['its tag fits a pattern', ['docker.io/library/gcc:*'], 'gcc:12', gcc, undefined],
  ['its digest is named', [gcc[1] as string], 'gcc:12', gcc, undefined],
  ['another one is named', ['docker.io/library/alpine:*'], 'gcc:12', gcc, /^does not name gcc:12$/],
  ['a star is to match a slash', ['docker.io/*'], 'gcc:12', gcc, /^does not name gcc:12$/],
  ['two stars match slashes', ['docker.io/**'], 'gcc:12', gcc, undefined],
  ['the list is empty', [], 'gcc:12', gcc, /^does not name gcc:12$/],
  ['it has no tag and its id is not named', ['docker.io/**'], 'c0ffee', [], /^does not name c0ffee$/]
]
for (const [when, images, image, names, why] of table)
  test(`${when}: ${why == null ? 'allowed' : 'refused'}`, () => {
    const refusal = refuseImage({ images }, image, names)
    if (why == null) assert.is(refusal, undefined)
    else {
      assert.is(refusal?.rule, 'images')
      assert.match(refusal?.why ?? '', why)
    }
  })

test.run()
