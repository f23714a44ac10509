import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { decode, encode } from '../../protocols/codec.ts'
import { envelope, open, peek, seal } from '../../protocols/envelope.ts'
import { BakError } from '../../protocols/errors.ts'
import { memberSubject } from '../../protocols/hello.ts'
import { newSigner } from '../helpers/streams.ts'
import { member, plain, record, signed } from './samples.ts'

const test = suite('envelope')

function codeOf(work: () => unknown): string {
  try {
    work()
    return 'none'
  } catch (error) {
    return error instanceof BakError ? error.code : `not a BakError: ${error}`
  }
}

for (const { subject, value } of signed) {
  test(`a ${subject.name} that is sealed and opened is equal, and names its signer`, () => {
    const opened = open(subject, seal(subject, value, member))
    assert.is(opened.by, member.peer)
    assert.equal(plain(opened.value), plain(value))
  })

  test(`a message of another subject is refused as a ${subject.name}`, () => {
    for (const other of signed.filter(each => each.subject !== subject)) {
      // with the same bytes, so that nothing but the subject differs
      assert.is(
        codeOf(() => open(subject, seal({ ...other.subject, schema: subject.schema }, value, member))),
        'bad-signature'
      )
    }
  })
}

test('one flipped bit anywhere in the message, the signature or the name is refused', () => {
  const sealed = seal(memberSubject, record, member)
  const bytes = encode(sealed)
  assert.is(
    codeOf(() => open(memberSubject, decode(envelope, bytes))),
    'none'
  )
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(7), (at, bit) => {
      const changed = new Uint8Array(bytes)
      changed[at] = (bytes[at] as number) ^ (1 << bit)
      const code = codeOf(() => open(memberSubject, decode(envelope, changed)))
      assert.ok(['bad-signature', 'bad-message'].includes(code), `byte ${at}, bit ${bit}: ${code}`)
    }),
    { numRuns: 3_000 }
  )
})

test('a message in the name of another peer is refused', () => {
  const sealed = seal(memberSubject, record, newSigner())
  assert.is(
    codeOf(() => open(memberSubject, { ...sealed, by: member.peer })),
    'bad-signature'
  )
})

test('a message that does not match the schema is refused despite a good signature', () => {
  const sealed = seal(memberSubject, { ...record, cores: -1 }, member)
  assert.is(
    codeOf(() => open(memberSubject, sealed)),
    'bad-message'
  )
  assert.is(
    codeOf(() => peek(memberSubject, sealed)),
    'bad-message'
  )
})

test.run()
