/** Which chunk is asked for next: the rarest first. */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { pickChunk, showChunks } from '../../node/artifacts/swarm/pick.ts'

const test = suite('which chunk comes next')

const pick = (given: Partial<Parameters<typeof pickChunk>[0]>) =>
  pickChunk({
    ...{ missing: [0, 1, 2, 3], copies: [3, 1, 2, 1], isOffered: () => true, askedAt: () => undefined, late: 0 },
    random: () => 0,
    ...given
  })

const cases: Array<[string, Partial<Parameters<typeof pickChunk>[0]>, number | undefined]> = [
  ['the rarest', {}, 1],
  ['the rarest of those that the peer has', { isOffered: chunk => chunk === 0 || chunk === 2 }, 2],
  ['nothing where the peer has nothing', { isOffered: () => false }, undefined],
  ['nothing where all were asked for just now', { askedAt: () => 5, late: 5 }, undefined],
  ['what is late of a second peer', { askedAt: () => 4, late: 5 }, 1],
  ['what was not asked for before what is late', { askedAt: chunk => (chunk === 0 ? undefined : 4), late: 5 }, 0]
]
for (const [title, given, wanted] of cases) test(`it is ${title}`, () => assert.is(pick(given), wanted))

const show = (given: Partial<Parameters<typeof showChunks>[0]>) =>
  showChunks({
    ...{ total: 5, isKnown: () => false, copies: [0, 0, 1, 0, 0], shown: [1, 0, 0, 0, 2], onlyNew: false, most: 3 },
    random: () => 0,
    ...given
  })

test('a source shows what was shown and is held least', () => assert.equal(show({}), [1, 3, 0]))
test('a source shows nothing that the peer knows', () => assert.equal(show({ isKnown: chunk => chunk !== 4 }), [4]))
test('a source that has sent enough shows only what nobody has', () =>
  assert.equal(show({ onlyNew: true, most: 9 }), [0, 1, 3, 4]))

test('what is shown is never known, never twice, and no more than asked for', () => {
  const numbers = fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(
      numbers,
      fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }),
      fc.nat({ max: 25 }),
      (copies, known, most) => {
        const isKnown = (chunk: number) => known[chunk] === true
        const fresh = showChunks({
          total: copies.length,
          isKnown,
          copies,
          shown: copies.map(() => 0),
          onlyNew: false,
          most
        })
        assert.is(new Set(fresh).size, fresh.length)
        assert.not.ok(fresh.some(isKnown))
        const unknown = copies.filter((_, chunk) => !isKnown(chunk)).length
        assert.is(fresh.length, Math.min(most, unknown))
      }
    )
  )
})

test.run()
