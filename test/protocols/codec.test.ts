import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { check, decode, encode, type Schema } from '../../protocols/codec.ts'
import { open } from '../../protocols/envelope.ts'
import { BakError } from '../../protocols/errors.ts'
import { describeProtocol } from '../../protocols/events.ts'
import { changed } from '../fuzz/bytes.ts'
import { controller, framed, messages, plain, signed } from './samples.ts'

const anything: Schema = v.unknown()
const RUNS = 2_000

function codeOf(work: () => unknown): string {
  try {
    work()
    return 'none'
  } catch (error) {
    return error instanceof BakError ? error.code : `not a BakError: ${error}`
  }
}

const strict = suite('codec: one value has one form')
const refused: Array<[title: string, hex: string]> = [
  ['no bytes at all', ''],
  ['a key that comes twice', 'a2616101616102'],
  ['a list of no given length', '9f01ff'],
  ['a map of no given length', 'bf616101ff'],
  ['a text of no given length', '7f6161ff'],
  ['bytes of no given length', '5f4161ff'],
  ['a byte after the end', '0100'],
  ['a second message after the end', 'a0a0'],
  ['a message that is cut off', 'a16161'],
  ['a list that is shorter than it says', '8301'],
  ['undefined', 'f7'],
  ['undefined in a map', 'a16161f7'],
  ['not a number', 'f97e00'],
  ['infinity', 'f97c00'],
  ['minus infinity', 'f9fc00'],
  ['a number that is longer than it needs to be', '1800'],
  ['a length that is longer than it needs to be', '780161'],
  ['a key that is no text', 'a10102'],
  ['a tag', 'c001'],
  ['a list that claims more than there can be', '9b001fffffffffffff'],
  ['bytes that claim more than there can be', '5b001fffffffffffff']
]
for (const [title, hex] of refused) {
  strict(`${title} is refused`, () => {
    assert.is(
      codeOf(() => decode(anything, Buffer.from(hex, 'hex'))),
      'bad-message'
    )
  })
}

strict('a million nested lists are refused, without a stack overflow', () => {
  const deep = new Uint8Array(1_000_000).fill(0x81)
  assert.is(
    codeOf(() => decode(anything, deep)),
    'bad-message'
  )
})

strict('undefined properties are left out, and the order of keys makes no difference', () => {
  const hex = (value: unknown) => Buffer.from(encode(value)).toString('hex')
  assert.is(hex({ a: 1, b: undefined }), 'a1616101')
  assert.is(hex({ b: 2, a: 1, cc: { z: 1, y: 2 } }), hex({ cc: { y: 2, z: 1 }, a: 1, b: 2 }))
})

strict('a short message keeps no larger buffer in memory', () => {
  for (const length of [0, 1, 100, 1_000, 20_000, 100_000]) {
    const bytes = encode({ a: new Uint8Array(length) })
    assert.ok(bytes.buffer.byteLength <= 2 * bytes.length, `${bytes.buffer.byteLength} for ${bytes.length}`)
  }
})

strict('a key named __proto__ is an ordinary key and sets no prototype', () => {
  const value = decode(anything, Buffer.from('a1695f5f70726f746f5f5fa1657065657273f5', 'hex')) as { peers?: boolean }
  assert.equal(Object.keys(value), ['__proto__'])
  assert.is(value.peers, undefined)
})

strict('an error names the path of the first wrong value', () => {
  const schema: Schema = v.object({ list: v.array(v.object({ n: v.number() })) })
  assert.throws(() => check(schema, { list: [{ n: 1 }, { n: 'x' }] }), /^list\.1\.n: /)
  assert.throws(() => check(schema, 7), /^message: /)
})

strict('an error is short, whatever the message contains', () => {
  const long = 'x'.repeat(100_000)
  const schema: Schema = v.union([v.record(v.string(), v.literal('y')), v.picklist(['z'])])
  const twice = Buffer.concat([Uint8Array.of(0xa2), encode(long), encode(1), encode(long), encode(1)])
  for (const bytes of [encode(long), encode({ [long]: 1 }), encode({ a: long }), twice]) {
    try {
      decode(schema, bytes)
      assert.unreachable()
    } catch (error) {
      assert.is((error as BakError).code, 'bad-message')
      assert.ok((error as BakError).message.length <= 300)
    }
  }
})

/** The decoder takes a byte order mark at the beginning of a text for none of it. */
const words = fc.string({ unit: 'binary' }).filter(each => !each.startsWith('\ufeff'))
const leaf = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
  words,
  fc.uint8Array()
)
const { tree } = fc.letrec(tie => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('tree')),
    fc.dictionary(
      words.filter(key => key !== '__proto__'),
      tie('tree'),
      { noNullPrototype: true }
    )
  )
}))
strict('a value that is encoded and decoded is equal, and so are its bytes when it is encoded again', () => {
  fc.assert(
    fc.property(tree, value => {
      const bytes = encode(value)
      const back = decode(anything, bytes)
      assert.equal(plain(back), plain(value))
      assert.is(Buffer.compare(encode(back), bytes), 0)
    }),
    { numRuns: 1_000 }
  )
})
strict.run()

const wire = suite('codec: every message on the wire')
/** Bytes with a few of them altered, taken out, put in or repeated. */
const mutationOf = (good: Uint8Array) => changed(fc.constant(good))

for (const [name, schema, value] of messages) {
  wire(`${name}: a good message is decoded to an equal value`, () =>
    assert.equal(plain(decode(schema, encode(value))), plain(value))
  )
}
for (const { name, schema, bytes } of framed) {
  wire(`${name}: any other value is refused as bad-message`, () => {
    const onlyRefused = (frame: Uint8Array) =>
      assert.ok(['none', 'bad-message'].includes(codeOf(() => decode(schema, frame))))
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), onlyRefused), { numRuns: RUNS })
    fc.assert(fc.property(mutationOf(bytes), onlyRefused), { numRuns: RUNS })
  })
}
wire('a request about a run with anything but a run id is refused', () => {
  const ask = (run: string) => codeOf(() => decode(describeProtocol.request, encode({ run })))
  assert.is(ask('20261122T213015-k3f9ab'), 'none')
  for (const run of ['', '..', ':x', '20261122T213015-k3f9ab/..']) assert.is(ask(run), 'bad-message')
})
for (const { subject, value } of signed) {
  wire(`${subject.name}: a body that does not match the schema is refused, whoever signed it`, () => {
    const body = mutationOf(encode(value))
    const envelope = { by: controller.peer, signature: new Uint8Array(64) }
    fc.assert(
      fc.property(body, fc.uint8Array({ minLength: 64, maxLength: 64 }), (altered, signature) =>
        assert.ok(
          ['bad-message', 'bad-signature'].includes(
            codeOf(() => open(subject, { ...envelope, body: altered, signature }))
          )
        )
      ),
      { numRuns: 200 }
    )
  })
}
wire.run()
